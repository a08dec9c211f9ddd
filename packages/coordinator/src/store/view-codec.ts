import {
  type ChannelName,
  type Decoded,
  decodeHead,
  decodeHistory,
  decodeMessage,
  encodeHead,
  encodeHistory,
  encodeMessage,
  encodeNewestHistory,
  type Head,
  type HistoryEntry,
  type ReceivedMessages,
  type SentMessages,
  sealedWithoutSecret,
} from "@rollcall/core/view";
import type { SecretAgreement } from "./secret-agreement.js";

/**
 * What passes between a process and the view in Redis, as bytes: sealed and verified where the view has a secret, and as it
 * is where it has none. Documents have none of their own, for a head names their digests.
 *
 * Reading gives undefined for what is to be ignored without a further word: it is logged already, or it is late.
 */
export interface ViewCodec {
  /** Undefined: it cannot be sent, now or ever. */
  encode<Name extends ChannelName>(channel: Name, message: SentMessages[Name]): string | undefined;
  decode<Name extends ChannelName>(channel: Name, bytes: Uint8Array): Decoded<ReceivedMessages[Name]> | undefined;
  /** For the scripts, which add the time: see `encodeHead` of core. */
  encodeHead(head: Omit<Head, "atMs">): string;
  /** As Redis is to hold it once its lease is given back; "": the script may note that in the head which is there. */
  encodeReleasedHead(head: Omit<Head, "atMs">): string;
  /** @param bytes as Redis holds it */
  decodeHead(bytes: Uint8Array): Decoded<Head> | undefined;
  encodeHistory(entries: readonly HistoryEntry[]): Uint8Array;
  encodeNewestHistory(entries: readonly HistoryEntry[]): Uint8Array;
  decodeHistory(bytes: Uint8Array): Decoded<readonly HistoryEntry[]>;
  /** This process leads, under a lease of this epoch. */
  leads(epoch: number): void;
  /** Whether this process would be followed. */
  readonly mayLead: boolean;
}

/** For a view without a secret. */
export function plainCodec(agreement: SecretAgreement): ViewCodec {
  const unlessSealed = <Value>(decoded: Decoded<Value>, isNews: boolean): Decoded<Value> | undefined => {
    if (!("problem" in decoded) || decoded.problem !== sealedWithoutSecret) return decoded;
    agreement.differs(sealedWithoutSecret, isNews);
    return undefined;
  };
  return {
    encode: encodeMessage,
    decode: (channel, bytes) => {
      const decoded = decodeMessage(channel, bytes);
      if (channel !== "events") return decoded;
      if ("value" in decoded && "kind" in decoded.value && decoded.value.kind === "head") agreement.follows();
      return unlessSealed(decoded, true);
    },
    encodeHead,
    encodeReleasedHead: () => "",
    decodeHead: (bytes) => unlessSealed(decodeHead(bytes), false),
    encodeHistory: (entries) => encodeHistory(entries),
    encodeNewestHistory: (entries) => encodeNewestHistory(entries),
    decodeHistory: (bytes) => decodeHistory(bytes),
    leads: () => {},
    get mayLead() {
      return agreement.mayLead;
    },
  };
}
