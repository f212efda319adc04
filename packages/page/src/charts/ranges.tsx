/** The choice of the time span. */
import type { JSX } from 'preact';
import { RANGES, writeAddress, zoomedOut, type Navigation, type RangeName, type Span } from '../address.js';
import { TimeText } from '../views/text.js';

export interface RangesProps {
  readonly span: Span;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function Ranges({ span, navigation, nowMs }: RangesProps): JSX.Element {
  const { tab } = navigation.address.get();
  return (
    <nav class="ranges" aria-label="Time">
      {(Object.keys(RANGES) as RangeName[]).map((name) => (
        <a
          key={name}
          href={writeAddress({ tab, span: name })}
          aria-current={span === name ? 'true' : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
            event.preventDefault();
            navigation.go({ span: name });
          }}
        >
          {RANGES[name].words}
        </a>
      ))}
      {typeof span === 'object' && (
        <span>
          <TimeText at={span.fromMs} nowMs={nowMs} /> – <TimeText at={span.toMs} nowMs={nowMs} />{' '}
          <button type="button" onClick={() => navigation.go({ span: zoomedOut(span, nowMs) })}>
            Zoom out
          </button>
        </span>
      )}
    </nav>
  );
}
