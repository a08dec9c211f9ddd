export { type ConnectFault, type ConnectProxy, startConnectProxy } from "./connect-proxy.js";
export { type ReplyDroppingProxy, startReplyDroppingProxy } from "./reply-dropping-proxy.js";
export { type ReplyFault, type ReplyFaultProxy, startReplyFaultProxy } from "./reply-fault-proxy.js";
export { type ShiftedTimeProxy, startShiftedTimeProxy } from "./shifted-time-proxy.js";
export { proxyArguments, startTcpProxy, type TcpProxy } from "./tcp-proxy.js";
