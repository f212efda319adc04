/**
 * A button that copies a text. Where the browser keeps the clipboard to itself, as it does for a page that is not served by
 * https, the text is shown and selected, so that one key or one tap is left.
 */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface CopyButtonProps {
  /** What is copied. */
  readonly text: string | (() => string);
  /** What it is, for whoever does not see what stands beside the button: `the command`. */
  readonly name: string;
  /** Default: "Copy". */
  readonly label?: string;
}

/** How long it is said, in milliseconds. */
const SAID_MS = 4_000;

export function CopyButton({ text, name, label = 'Copy' }: CopyButtonProps): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  useLayoutEffect(() => {
    if (!field.current) return;
    field.current.focus();
    field.current.select();
  }, [shown]);

  async function copy(): Promise<void> {
    const words = typeof text === 'string' ? text : text();
    const isDone = await write(words);
    setCopied(isDone);
    setShown(isDone ? null : words);
    if (isDone) setTimeout(() => setCopied(false), SAID_MS);
  }

  return (
    <span class="copy">
      <button type="button" aria-label={`${label}: ${name}`} onClick={() => void copy()}>
        {label}
      </button>{' '}
      <span role="status">
        {isCopied && 'Copied'}
        {shown !== null && 'Selected: copy it with Ctrl+C, ⌘C or a long press'}
      </span>
      {shown !== null && <textarea ref={field} readOnly rows={3} aria-label={name} value={shown} />}
    </span>
  );
}

/** Whether the clipboard has it. There is none for a page that came by plain http. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
