/**
 * The exit code is a bit mask: every finding has a bit of its own, and they add up.
 */

export const EXIT = {
  clean: 0,
  added: 1,
  removed: 2,
  modified: 4,
  loadedDiffers: 8,
  notBelieved: 16,
  inconclusive: 32,
  refused: 64,
  usage: 128,
} as const;
