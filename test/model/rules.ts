/**
 * The rules of the protocol, each of which can be left out. All are the product's own: a weakened one replaces what the
 * product does there.
 */
export interface Rules {
  /** The scripts that publish and release check the lease: its holder and its epoch. */
  readonly fence: "whole" | "holder" | "none";
  /** The script that renews checks the lease. */
  readonly renewIsFenced: boolean;
  /** The lease is taken above every epoch that the process has seen. */
  readonly hasFloor: boolean;
  /** A leader stops by itself 6 s after its last good renewal. */
  readonly hasSelfFence: boolean;
  /** A lease is void on a connection to another server. */
  readonly otherServerEndsLease: boolean;
  /** An epoch has an ordinal of its leader. */
  readonly epochHasOrdinal: boolean;
  /** A leader that sees a higher epoch takes a new one above it. */
  readonly higherEpochEndsLease: boolean;
  /** A leader compares what readers have with what it has written. */
  readonly comparesWithOwn: boolean;
  /** Readers and scripts believe no number that no clock and no counter can have made. */
  readonly numbersAreBounded: boolean;
  /** A lease that lasts longer than any that is written is replaced. */
  readonly longLeaseIsReplaced: boolean;
  /** A reader applies nothing older than what it has. */
  readonly readerKeepsOrder: boolean;
}

export const chosenRules: Rules = {
  ...{ fence: "whole", renewIsFenced: true, hasFloor: true, hasSelfFence: true, otherServerEndsLease: true },
  ...{ epochHasOrdinal: true, higherEpochEndsLease: true, comparesWithOwn: true, numbersAreBounded: true },
  ...{ longLeaseIsReplaced: true, readerKeepsOrder: true },
};
