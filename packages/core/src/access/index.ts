export {
  authorizationHeader,
  type CredentialChoice,
  chooseCredential,
  chooseScheme,
  chooseTls,
  type NodeAddress,
  seedAt,
} from "./credentials.js";
export {
  type AddressVerdict,
  type CompiledHostPolicy,
  type Destination,
  type HostPolicyInput,
  type HostVerdict,
  judgeAddress,
  judgeHost,
} from "./host-policy.js";
