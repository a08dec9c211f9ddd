import { apiCalls } from "./api-calls.js";
import type { Call } from "./call.js";
import { faultCalls } from "./fault-calls.js";
import { helperCalls } from "./helper-calls.js";
import { credentialCalls, transportCalls } from "./transport-calls.js";

export const allCalls: readonly Call[] = [
  ...apiCalls,
  ...transportCalls,
  ...faultCalls,
  ...helperCalls,
  ...credentialCalls,
];
