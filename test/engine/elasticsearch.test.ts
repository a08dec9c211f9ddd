import { answerStatements } from "./support-answers.js";
import { failureStatements } from "./support-failures.js";
import { describeEngines } from "./support-statements.js";

await describeEngines("Elasticsearch", false, [...failureStatements, ...answerStatements]);
