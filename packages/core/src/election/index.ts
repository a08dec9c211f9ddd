export {
  candidateDueMs,
  candidateReducer,
  leaseMs,
  mayPublish,
  newCandidate,
  nextCandidate,
} from "./candidate.js";
export type { CandidateEffect, CandidateEvent } from "./candidate-events.js";
export type { Candidate } from "./candidate-state.js";
