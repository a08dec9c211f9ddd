export { createHostPolicy } from "./create-host-policy.js";
