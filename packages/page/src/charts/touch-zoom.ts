/** Zooming by a finger: uPlot knows the mouse alone. Up and down, the page scrolls as ever. */
import type uPlot from 'uplot';

/** Shorter, in CSS pixels, it was a tap. */
const SHORTEST = 12;

export function addTouchZoom(plot: uPlot, onZoom: (fromMs: number, toMs: number) => void): void {
  const { over } = plot;
  let start: number | null = null;
  const at = ({ clientX }: PointerEvent): number => {
    const { left, width } = over.getBoundingClientRect();
    return Math.min(width, Math.max(0, clientX - left));
  };
  const select = (left: number, width: number): void =>
    plot.setSelect({ left, width, top: 0, height: over.clientHeight }, false);
  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' && event.isPrimary) start = at(event);
  });
  over.addEventListener('pointermove', (event) => {
    if (start !== null && event.isPrimary) select(Math.min(start, at(event)), Math.abs(at(event) - start));
  });
  over.addEventListener('pointercancel', () => {
    start = null;
    select(0, 0);
  });
  over.addEventListener('pointerup', (event) => {
    if (start === null || !event.isPrimary) return;
    const [left, right] = [Math.min(start, at(event)), Math.max(start, at(event))];
    start = null;
    select(0, 0);
    if (right - left >= SHORTEST) onZoom(plot.posToVal(left, 'x') * 1_000, plot.posToVal(right, 'x') * 1_000);
  });
}
