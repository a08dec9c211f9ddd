import { accessStatements } from "./support-access.js";
import { answerStatements } from "./support-answers.js";
import { isFullMatrix } from "./support-engine.js";
import { ownUserStatements } from "./support-own-users.js";
import { describeEngines } from "./support-statements.js";

// What answers are, `npm test` checks on OpenSearch.
const ofMatrix = isFullMatrix ? answerStatements : [];
await describeEngines("Elasticsearch", true, [...accessStatements, ...ownUserStatements, ...ofMatrix]);
