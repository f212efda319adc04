/** The sheet of the status page: one typeface of the system, by day, by night and in forced colours. */
export const SHEET = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#565e69;--line:#d8dde3;--healthy:#00684a;--degraded:#8a5200;--unhealthy:#b3261e;--unknown:#565e69}
@media (prefers-color-scheme:dark){:root{--paper:#101317;--ink:#e8eaed;--soft:#a3abb6;--line:#2c323a;--healthy:#5ed1a5;--degraded:#f2b84b;--unhealthy:#ff8a80;--unknown:#a3abb6}}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{margin:0 0 1rem;font-size:1.6rem}h2{margin:0;font-size:1.1rem}p{margin:.25rem 0}
section{border-top:1px solid var(--line);padding:1rem 0}
.line{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem}
.healthy{color:var(--healthy)}.degraded{color:var(--degraded)}.unhealthy{color:var(--unhealthy)}.unknown{color:var(--unknown)}
rect{forced-color-adjust:none}rect.healthy{fill:var(--healthy)}rect.degraded{fill:var(--degraded)}rect.unhealthy{fill:var(--unhealthy)}rect.maintenance,rect.none{fill:var(--soft)}
svg{display:block;width:100%;height:3rem;margin:.5rem 0;border-bottom:1px solid var(--soft)}
dl{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:0}dt{color:var(--soft);font-size:.9rem}dd{margin:0}
ul{margin:.5rem 0;padding:0;list-style:none}small,footer{color:var(--soft)}a{color:inherit}
.silent{padding:.5rem;border:2px solid var(--degraded)}
`.trim();
