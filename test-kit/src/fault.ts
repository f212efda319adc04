/**
 * The ways in which networks break.
 */

/**
 * What the network does, to the connections there are and to new ones:
 *
 * - `refuse`: connections are reset, and new ones refused: no process listens;
 * - `drop`: connections are reset, and packets that open a new one are dropped;
 * - `blackhole`: connections are accepted, and then nothing passes in either direction;
 * - `half-open`: what the client sends arrives, the reply does not;
 * - `reset`, `cut`: after `afterBytes` more bytes of the reply the connection is reset, or closed in good order;
 * - `slow`: the reply comes `latencyMs` later;
 * - `trickle`: the reply comes at one byte a second;
 * - `rubbish`: instead of the reply come bytes of another protocol.
 */
export type Fault =
  'refuse' | 'drop' | 'blackhole' | 'half-open' | 'reset' | 'cut' | 'slow' | 'trickle' | 'rubbish';

export interface FaultOptions {
  /** For `reset` and `cut`; 1 by default, which is in the middle of any reply. */
  readonly afterBytes?: number;
  /** For `slow`; 600 by default. */
  readonly latencyMs?: number;
}
