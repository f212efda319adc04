/**
 * The ways in which networks break.
 */

/**
 * What the network does, to the connections there are and to new ones:
 *
 * - `refuse`: connections are reset, and new ones refused, since nobody listens;
 * - `deaf`: connections are reset, and an attempt to make a new one is not even answered;
 * - `blackhole`: connections are accepted, and then nothing passes in either direction;
 * - `half-open`: what the client says arrives, the answer does not;
 * - `reset`, `cut`: after `afterBytes` more bytes of the answer the connection is reset, or closed in good order;
 * - `slow`: the answer comes `latencyMs` later;
 * - `trickle`: the answer comes at one byte a second;
 * - `rubbish`: instead of the answer come bytes of another protocol.
 */
export type Fault =
  'refuse' | 'deaf' | 'blackhole' | 'half-open' | 'reset' | 'cut' | 'slow' | 'trickle' | 'rubbish';

/** The extent of a fault. */
export interface FaultOptions {
  /** For `reset` and `cut`; 1 by default, which is in the middle of any answer. */
  readonly afterBytes?: number;
  /** For `slow`; 600 by default. */
  readonly latencyMs?: number;
}
