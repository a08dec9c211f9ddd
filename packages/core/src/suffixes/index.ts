export { parentDomain } from "./parent-domain.js";
