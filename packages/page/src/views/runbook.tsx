/** The operator's own words on a code. The service tells administrators alone where they are. */
import { createContext } from 'preact';
import type { JSX } from 'preact';
import { useContext } from 'preact/hooks';

/** An http or https URL with `{code}` in it; `null`: there are none. */
export const RunbookUrl = createContext<string | null>(null);

export function RunbookLink({ code }: { readonly code: string }): JSX.Element | null {
  const template = useContext(RunbookUrl);
  if (template === null) return null;
  return (
    <a href={template.replaceAll('{code}', () => encodeURIComponent(code))} rel="noreferrer">
      Runbook<span class="hidden"> of {code}</span>
    </a>
  );
}
