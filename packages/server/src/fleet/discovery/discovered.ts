/** What a discovery gives, whichever it is. */
import type { FailedDiscovery } from './target-list.js';

export type Discovered =
  | {
      readonly kind: 'list';
      /** `host:port`, or for static ones an origin. */
      readonly targets: readonly string[];
      /** Names of pods by target, where Kubernetes lists them. */
      readonly pods?: ReadonlyMap<string, string>;
    }
  | FailedDiscovery;

export interface Discovery {
  close(): void;
}
