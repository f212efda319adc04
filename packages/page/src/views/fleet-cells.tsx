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
  const rows = useMemo(() => services.map(({ name, cells }) => ({ service: name, cells })), [services]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef(NO_LAYOUT);
  const [pointed, setPointed] = useState('');
  const key = rows.map(({ service, cells }) => `${service} ${cells}`).join('\n');

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
            setPointed(found ? `${found.service}: ${stateOfLetter(found.letter).word}` : '');
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
  };
}

/** "18 instances: 1 unreachable, 17 healthy" */
function countsText(rows: readonly CellRow[]): string {
  const letters = rows.map(({ cells }) => cells).join('');
  const counts = STATES.map(({ letter, word }) => [letters.split(letter).length - 1, word] as const).filter(
    ([count]) => count > 0,
  );
  const all = letters.length === 1 ? '1 instance' : `${letters.length} instances`;
  return `${all}: ${counts.map(([count, word]) => `${count} ${word}`).join(', ')}`;
}
