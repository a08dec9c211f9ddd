export {
  type Candidate,
  type CandidateEffect,
  type CandidateEvent,
  candidateDueMs,
  candidateReducer,
  isCredibleEpoch,
  leaseMs,
  mayPublish,
  newCandidate,
  nextCandidate,
} from "./candidate.js";
