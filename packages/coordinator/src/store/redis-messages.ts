import { type Clock, Listeners, type Unsubscribe } from "@rollcall/core";
import {
  type Decoded,
  decodeHeartbeat,
  decodeOperationRequest,
  decodeOperationResult,
  decodePeerProbeResult,
  decodeReport,
  encodeHeartbeat,
  encodeOperationRequest,
  encodeOperationResult,
  encodePeerProbeRequest,
  encodePeerProbeResult,
  encodeReport,
  type FailureReport,
  type Heartbeat,
  type OperationRequest,
  type OperationResult,
  type PeerProbeRequest,
  type PeerProbeResult,
  type RedisKeys,
  statusRequestMessage,
} from "@rollcall/core/view";
import { type MessageKind, MessageRates } from "./message-rates.js";
import type { RedisChannels } from "./redis-channels.js";
import type { RedisWarnings } from "./redis-warnings.js";

/** Channels of messages that have listeners now and then. */
export const messageChannels = ["heartbeats", "reports", "probeResults", "operations", "operationResults"] as const;
type MessageChannel = (typeof messageChannels)[number];

/**
 * The messages between processes beside the view itself. Each may be lost.
 *
 * A channel is subscribed to while it has a listener. So failure reports, peer probe results and operations reach the
 * leader alone, because no other process listens for them.
 */
export class RedisMessages {
  readonly reports: Topic<FailureReport>;
  readonly probeResults: Topic<PeerProbeResult>;
  readonly heartbeats: Topic<Heartbeat>;
  readonly operations: Topic<OperationRequest>;
  readonly operationResults: Topic<OperationResult>;
  private readonly rates: MessageRates;

  constructor(
    private readonly keys: RedisKeys,
    private readonly channels: RedisChannels,
    warnings: RedisWarnings,
    clock: Clock,
  ) {
    const topic = <Message>(name: MessageChannel, decode: (bytes: Uint8Array) => Decoded<Message>) => {
      const listeners = new Listeners<Message>((error) => warnings.listenerThrew(error));
      return new Topic(listeners, (receive) =>
        channels.subscribe(keys[name], (bytes) => {
          const decoded = decode(bytes);
          if ("problem" in decoded) warnings.refused(name, decoded.problem);
          else receive(decoded.value);
        }),
      );
    };
    this.reports = topic("reports", decodeReport);
    this.probeResults = topic("probeResults", decodePeerProbeResult);
    this.heartbeats = topic("heartbeats", decodeHeartbeat);
    this.operations = topic("operations", decodeOperationRequest);
    this.operationResults = topic("operationResults", decodeOperationResult);
    this.rates = new MessageRates(clock);
  }

  report(report: FailureReport): void {
    this.publish("report", this.keys.reports, () => encodeReport(report));
  }

  requestPeerProbes(request: PeerProbeRequest): void {
    this.publish("peerProbeRequest", this.keys.events, () => encodePeerProbeRequest(request));
  }

  sendPeerProbeResult(result: PeerProbeResult): void {
    this.publish("peerProbeResult", this.keys.probeResults, () => encodePeerProbeResult(result));
  }

  heartbeat(heartbeat: Heartbeat): void {
    this.publish("heartbeat", this.keys.heartbeats, () => encodeHeartbeat(heartbeat));
  }

  requestStatus(): void {
    this.publish("statusRequest", this.keys.statusRequests, () => statusRequestMessage);
  }

  async sendOperation(request: OperationRequest): Promise<void> {
    const { keys, channels, rates } = this;
    if (!rates.tryTake("operation")) return;
    await channels.publishForAnswer(keys.operations, encodeOperationRequest(request), keys.operationResults);
  }

  sendOperationResult(result: OperationResult): void {
    this.publish("operationResult", this.keys.operationResults, () => encodeOperationResult(result));
  }

  private publish(kind: MessageKind, channel: string, encode: () => string): void {
    if (this.rates.tryTake(kind)) this.channels.publish(channel, encode());
  }
}

/** One kind of message, whose channel is subscribed to while there is a listener. */
class Topic<Message> {
  private unsubscribe: Unsubscribe = () => {};

  constructor(
    private readonly listeners: Listeners<Message>,
    private readonly subscribe: (receive: (message: Message) => void) => Unsubscribe,
  ) {}

  add(listener: (message: Message) => void): Unsubscribe {
    if (this.listeners.size === 0) this.unsubscribe = this.subscribe((message) => this.listeners.emit(message));
    const remove = this.listeners.add(listener);
    return () => {
      if (this.listeners.size === 0) return;
      remove();
      if (this.listeners.size === 0) this.unsubscribe();
    };
  }
}
