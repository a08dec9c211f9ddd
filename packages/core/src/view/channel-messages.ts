import { decodeEvent, encodeHistoryEvent, encodePeerProbeRequest, releasedEvent, type ViewEvent } from "./events.js";
import type { Heartbeat } from "./heartbeat.js";
import { decodeHeartbeat, encodeHeartbeat } from "./heartbeat-codec.js";
import type { Decoded } from "./json-fields.js";
import {
  decodeOperationRequest,
  decodeOperationResult,
  encodeOperationRequest,
  encodeOperationResult,
  type OperationRequest,
  type OperationResult,
} from "./operation-messages.js";
import {
  decodePeerProbeResult,
  decodeReport,
  encodePeerProbeResult,
  encodeReport,
  type FailureReport,
  type PeerProbeResult,
} from "./reports.js";

/** What is received on each channel of a view, by the channel's name in `RedisKeys`. */
export interface ReceivedMessages {
  readonly events: ViewEvent;
  readonly statusRequests: HeartbeatRequest;
  readonly heartbeats: Heartbeat;
  readonly reports: FailureReport;
  readonly probeResults: PeerProbeResult;
  readonly operations: OperationRequest;
  readonly operationResults: OperationResult;
}

/** What processes send there. Heads are not among these: a script in the store makes their message, with its time. */
export interface SentMessages extends Omit<ReceivedMessages, "events"> {
  readonly events: Extract<ViewEvent, { readonly kind: "released" | "peerProbeRequest" | "history" }>;
}

export const channelNames = [
  ...(["events", "statusRequests", "heartbeats", "reports", "probeResults"] as const),
  ...(["operations", "operationResults"] as const),
] satisfies readonly (keyof ReceivedMessages)[];

export type ChannelName = keyof ReceivedMessages;

/** One of its kind for each channel. */
export function forEachChannel<Value>(make: (channel: ChannelName) => Value): Readonly<Record<ChannelName, Value>> {
  const made = channelNames.map((channel) => [channel, make(channel)] as const);
  return Object.fromEntries(made) as Record<ChannelName, Value>;
}

/** Asks every process for a heartbeat; the channel says it all. */
export type HeartbeatRequest = Readonly<Record<string, never>>;

/**
 * The one place where messages become bytes. Lists and texts that readers do not accept are cut.
 *
 * @returns undefined if no reader would accept the message, because it is too large
 */
export function encodeMessage<Name extends ChannelName>(
  channel: Name,
  message: SentMessages[Name],
): string | undefined {
  return encoders[channel](message);
}

/** The one place where bytes become messages. Total: whatever the bytes are, it throws nothing. */
export function decodeMessage<Name extends ChannelName>(
  channel: Name,
  bytes: Uint8Array,
): Decoded<ReceivedMessages[Name]> {
  return decoders[channel](bytes);
}

const encoders: { readonly [Name in ChannelName]: (message: SentMessages[Name]) => string | undefined } = {
  events: encodeEvent,
  statusRequests: () => "{}",
  heartbeats: encodeHeartbeat,
  reports: encodeReport,
  probeResults: encodePeerProbeResult,
  operations: encodeOperationRequest,
  operationResults: encodeOperationResult,
};

const decoders: { readonly [Name in ChannelName]: (bytes: Uint8Array) => Decoded<ReceivedMessages[Name]> } = {
  events: decodeEvent,
  statusRequests: () => ({ value: {} }),
  heartbeats: decodeHeartbeat,
  reports: decodeReport,
  probeResults: decodePeerProbeResult,
  operations: decodeOperationRequest,
  operationResults: decodeOperationResult,
};

function encodeEvent(event: SentMessages["events"]): string | undefined {
  switch (event.kind) {
    case "released":
      return releasedEvent;
    case "peerProbeRequest":
      return encodePeerProbeRequest(event);
    case "history":
      return encodeHistoryEvent(event.entries);
  }
}
