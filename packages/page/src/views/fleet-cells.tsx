/** All instances on one canvas, for the eye and the pointer; the tables below say the same to everybody. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import {
  cellAt,
  drawCells,
  layoutCells,
  type CellLayout,
  type CellRow,
  type Palette,
} from '../charts/cells.js';
import { STATES, stateOfLetter, type FleetService } from '../copy/fleet.js';

export interface FleetCellsProps {
  readonly services: readonly FleetService[];
  readonly onPick: (service: string) => void;
}

const NO_LAYOUT: CellLayout = { size: 1, columns: 1, height: 0, starts: [] };

export function FleetCells({ services, onPick }: FleetCellsProps): JSX.Element {
  const rows = useMemo(
    () => services.map(({ name, cells, source_cells: sources }) => ({ service: name, cells, sources })),
    [services],
  );
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(NO_LAYOUT);
  const [pointed, setPointed] = useState('');
  const key = rows.map(({ service, cells, sources }) => `${service} ${cells} ${sources}`).join('\n');

  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const redraw = (): void => {
      drawn.current = paint(element, rows);
    };
    const size = new ResizeObserver(redraw);
    size.observe(element.parentElement ?? element);
    const looks = LOOKS.map((query) => matchMedia(query));
    for (const look of looks) look.addEventListener('change', redraw);
    return () => {
      size.disconnect();
      for (const look of looks) look.removeEventListener('change', redraw);
    };
  }, [key]);

  function find(event: MouseEvent): ReturnType<typeof cellAt> {
    return cellAt(rows, drawn.current, event.offsetX, event.offsetY);
  }
  return (
    <figure class="instances">
      <div>
        <canvas
          ref={canvas}
          aria-hidden="true"
          title={pointed}
          onMouseMove={(event) => {
            const found = find(event);
            setPointed(found ? cellText(found) : '');
          }}
          onClick={(event) => {
            const found = find(event);
            if (found) onPick(found.service);
          }}
        />
      </div>
      <figcaption>{countsText(rows)}</figcaption>
    </figure>
  );
}

function cellText({ service, letter, source }: NonNullable<ReturnType<typeof cellAt>>): string {
  const words = [stateOfLetter(letter).word, ...(SOURCE_WORDS[source] ?? [])];
  return `${service}: ${words.join(', ')}`;
}

const SOURCE_WORDS: Readonly<Record<string, readonly string[]>> = {
  '!': ['runs another source'],
  '-': ['does not say what it runs'],
};

const LOOKS = ['(prefers-color-scheme: dark)', '(forced-colors: active)'];

function paint(canvas: HTMLCanvasElement, rows: readonly CellRow[]): CellLayout {
  const width = canvas.parentElement?.clientWidth ?? 0;
  const layout = layoutCells(rows, width);
  const scale = devicePixelRatio;
  canvas.width = Math.round(layout.columns * layout.size * scale);
  canvas.height = Math.round(layout.height * scale);
  canvas.style.width = `${layout.columns * layout.size}px`;
  canvas.style.height = `${layout.height}px`;
  const context = canvas.getContext('2d');
  if (context) {
    context.scale(scale, scale);
    drawCells(context, rows, layout, paletteOf(canvas));
  }
  return layout;
}

function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    healthy: colour('healthy'),
    degraded: colour('degraded'),
    unhealthy: colour('unhealthy'),
    unknown: colour('unknown'),
    ink: colour('ink'),
  };
}

/** "18 instances: 1 unreachable, 17 healthy; notch: 1 runs another source" */
function countsText(rows: readonly CellRow[]): string {
  const letters = rows.map(({ cells }) => cells).join('');
  const counts = STATES.map(({ letter, word }) => [count(letters, letter), word] as const).filter(
    ([number]) => number > 0,
  );
  const all = letters.length === 1 ? '1 instance' : `${letters.length} instances`;
  const sources = rows.map((row) => row.sources).join('');
  const [other, silent] = [count(sources, '!'), count(sources, '-')];
  return [
    `${all}: ${counts.map(([number, word]) => `${number} ${word}`).join(', ')}`,
    ...(other === 0 ? [] : [`notch: ${other} ${other === 1 ? 'runs' : 'run'} another source`]),
    ...(silent === 0 ? [] : [`hollow notch: ${silent} ${silent === 1 ? 'does' : 'do'} not say what runs`]),
  ].join('; ');
}

function count(letters: string, letter: string): number {
  return letters.split(letter).length - 1;
}
