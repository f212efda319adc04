/** How the page looks: on paper, a phone or a wide screen, by day and by night. No font, image or script of anybody. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; background: Canvas; color: CanvasText; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.8rem; line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); font-size: 1.35rem; }
h3 { margin: 2rem 0 0; font-size: 1.1rem; overflow-wrap: anywhere; }
h4 { margin: 1.25rem 0 0.25rem; font-size: 1rem; }
p { margin: 0.5rem 0; max-width: 45rem; }
a { color: #0b57d0; }
@media (prefers-color-scheme: dark) { a { color: #a8c7fa; } }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0; background: Canvas; padding: 0.5rem; }
h3 code { font-weight: 700; }
nav h2 { margin: 1rem 0 0; border: 0; font-size: 1.05rem; }
nav h2 + p { margin: 0; opacity: 0.75; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { padding: 0.15rem 0; }
nav a { display: inline-block; min-height: 1.6rem; }
code, pre { font: 0.9em/1.45 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre { margin: 0.5rem 0; padding: 0.75rem; overflow-x: auto; background: var(--soft); border: 1px solid var(--line); border-radius: 0.4rem; }
.table { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
details { margin: 0.4rem 0; }
summary { cursor: pointer; min-height: 1.6rem; }
.who { font-weight: normal; }
tr:target { background: var(--soft); outline: 2px solid Highlight; }
@media (max-width: 40rem) {
  thead { position: absolute; left: -99rem; }
  tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: 0.15rem 0; }
  td[data-name]::before { content: attr(data-name) ': '; opacity: 0.75; }
}
@media print { nav, .skip { display: none; } }
`;
