/** The report as JSON and its `curl` command, on the key `j`. */
import type { JSX } from 'preact';
import type { AdminReportDocument } from 'portal-server/api';
import { useEffect, useRef, useState } from 'preact/hooks';
import { withBase } from '../base.js';
import { CopyButton } from './copy-button.js';

export function ReportDialog({ report }: { readonly report: AdminReportDocument | null }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOpen, setOpen] = useState(false);
  const open = (): void => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
    setOpen(true);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (event.key !== 'j' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (dialog.current?.open) dialog.current.close();
      else open();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const line = `curl ${location.origin}${withBase('/v1/admin/health')} -b "psession=YOUR_SESSION"`;
  const text = (): string => JSON.stringify(report, null, 2);
  return (
    <>
      <button type="button" aria-haspopup="dialog" onClick={open}>
        Report as JSON <kbd>j</kbd>
      </button>
      <dialog ref={dialog} aria-labelledby="report" onClose={() => setOpen(false)}>
        <div class="title">
          <h2 id="report">The report</h2>
          <button type="button" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        <pre tabIndex={0}>{line}</pre>
        <CopyButton text={line} name="the command" />
        <pre tabIndex={0}>{isOpen && text()}</pre>
        <CopyButton text={text} name="the report" />
      </dialog>
    </>
  );
}
