import { type Clock, Listeners, type Unsubscribe } from "@rollcall/core";
import type {
  ChannelName,
  FailureReport,
  Heartbeat,
  OperationRequest,
  OperationResult,
  PeerProbeRequest,
  PeerProbeResult,
  ReceivedMessages,
  SentMessages,
} from "@rollcall/core/view";
import { MessageRates } from "./message-rates.js";
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
    private readonly channels: RedisChannels,
    warnings: RedisWarnings,
    clock: Clock,
  ) {
    const topic = <Name extends MessageChannel>(name: Name) => {
      const listeners = new Listeners<ReceivedMessages[Name]>((error) => warnings.listenerThrew(error));
      return new Topic(listeners, (receive) => channels.subscribe(name, receive));
    };
    this.reports = topic("reports");
    this.probeResults = topic("probeResults");
    this.heartbeats = topic("heartbeats");
    this.operations = topic("operations");
    this.operationResults = topic("operationResults");
    this.rates = new MessageRates(clock);
  }

  report(report: FailureReport): void {
    this.publish("reports", report);
  }

  requestPeerProbes(request: PeerProbeRequest): void {
    this.publish("events", { kind: "peerProbeRequest", ...request });
  }

  sendPeerProbeResult(result: PeerProbeResult): void {
    this.publish("probeResults", result);
  }

  heartbeat(heartbeat: Heartbeat): void {
    if (this.rates.tryTake("heartbeats")) this.channels.publishHeartbeat(heartbeat);
  }

  requestStatus(): void {
    this.publish("statusRequests", {});
  }

  async sendOperation(request: OperationRequest): Promise<void> {
    if (this.rates.tryTake("operations"))
      await this.channels.publishForAnswer("operations", request, "operationResults");
  }

  sendOperationResult(result: OperationResult): void {
    this.publish("operationResults", result);
  }

  private publish<Name extends ChannelName>(channel: Name, message: SentMessages[Name]): void {
    if (this.rates.tryTake(channel)) this.channels.publish(channel, message);
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
