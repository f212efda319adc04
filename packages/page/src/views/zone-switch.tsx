/** In which zone times are told, kept for the next visit: what one reader wants to see is nothing for an address. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Zone } from '../copy/time.js';

const KEY = 'portal.zone';

export function useZone(): readonly [Zone, (zone: Zone) => void] {
  const [zone, setZone] = useState<Zone>(() => (stored()?.getItem(KEY) === 'utc' ? 'utc' : 'local'));
  return [
    zone,
    (chosen) => {
      stored()?.setItem(KEY, chosen);
      setZone(chosen);
    },
  ];
}

export function ZoneSwitch({
  zone,
  onChange,
}: {
  readonly zone: Zone;
  readonly onChange: (zone: Zone) => void;
}): JSX.Element {
  const isUtc = zone === 'utc';
  return (
    <button type="button" aria-pressed={isUtc} onClick={() => onChange(isUtc ? 'local' : 'utc')}>
      Times in UTC
    </button>
  );
}

/** `null` where the browser keeps nothing for this page. */
function stored(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
