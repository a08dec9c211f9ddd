import { accessStatements } from "./support-access.js";
import { answerStatements } from "./support-answers.js";
import { describeEngines } from "./support-statements.js";

await describeEngines("OpenSearch", true, [...accessStatements, ...answerStatements]);
