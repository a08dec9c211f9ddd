export {
  type Candidate,
  type CandidateEffect,
  type CandidateEvent,
  candidateDueMs,
  isCredibleEpoch,
  leaseMs,
  mayPublish,
  newCandidate,
  nextCandidate,
} from "./candidate.js";
