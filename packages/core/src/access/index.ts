export {
  credentialIn,
  credentialRenewal,
  type RenewalEvent,
  type RenewalState,
} from "./credential-renewal.js";
export {
  authorizationHeader,
  type CredentialChoice,
  chooseCredential,
  chooseScheme,
  chooseTls,
  isPlainHeader,
  type NodeAddress,
  seedAt,
} from "./credentials.js";
export {
  type AddressVerdict,
  type CompiledHostPolicy,
  type Destination,
  fallbackFor,
  type HostPolicyInput,
  type HostVerdict,
  isProven,
  isSameHost,
  isUnverified,
  judgeAddress,
  judgeHost,
  plainName,
  securityOf,
} from "./host-policy.js";
export { usersDiffer } from "./users-differ.js";
