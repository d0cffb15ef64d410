/** The style of the report's page; colours are told apart without hue as well, by lightness. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6573;--line:#d9dee5;--back:#fff;--box:#f4f6f9;
--a:#1463b8;--b:#c2410c;--c:#0f7a53;--d:#7a3fb0;--good:#0f7a53;--bad:#b42318;--wait:#9a6700}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa5b4;--line:#323a46;--back:#14181e;
--box:#1c222b;--a:#6cb2ff;--b:#ff9a62;--c:#5fd3a4;--d:#c79bff;--good:#5fd3a4;--bad:#ff8a80;--wait:#e3b341}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:800px;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .4rem}
.origin,.legend,figcaption,th{color:var(--soft)}.origin{margin:.2rem 0 1rem;overflow-wrap:anywhere}
.reason,.warning{border-left:3px solid var(--wait);padding:.2rem .8rem;background:var(--box)}
.complete{color:var(--good)}.failed{color:var(--bad)}.paused{color:var(--wait)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:.6rem}
.tiles div{background:var(--box);border-radius:6px;padding:.6rem .8rem;color:var(--soft);font-size:.85rem}
.tiles b{display:block;color:var(--ink);font-size:1.25rem;font-variant-numeric:tabular-nums}
figure{margin:1.4rem 0 0}figcaption{font-size:.9rem}.legend{margin:.1rem 0;font-size:.85rem}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:11px}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}svg path{fill:none;stroke-width:1.6}
svg .grid{stroke:var(--line);stroke-width:1}
.s0{stroke:var(--a)}.s1{stroke:var(--b);stroke-dasharray:5 3}.s2{stroke:var(--c);stroke-dasharray:2 2}.s3{stroke:var(--d)}
.k0{color:var(--a)}.k1{color:var(--b)}.k2{color:var(--c)}.k3{color:var(--d)}.legend span::before{content:"— "}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th,.whole{white-space:nowrap}td:not(.whole){min-width:9rem;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}
@media (max-width:640px){svg{overflow:visible}svg text{font-size:17px}
.wide thead{display:none}.wide,.wide tbody,.wide tr,.wide td{display:block}
.wide tr{padding:.4rem 0;border-bottom:1px solid var(--line)}
td:not(.whole){min-width:5rem}
table:not(.wide) td:first-child{white-space:normal;overflow-wrap:normal;min-width:0}
.wide td:not(.whole){min-width:0}.wide td{border:0;padding:.1rem 0}
.wide td[data-head]{display:flex;gap:1rem;justify-content:space-between}
.wide td[data-head]::before{content:attr(data-head);color:var(--soft);white-space:nowrap}}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--back:#fff;--box:#f4f6f9;
--a:#1463b8;--b:#c2410c;--c:#0f7a53;--d:#7a3fb0;--good:#0f7a53;--bad:#b42318;--wait:#9a6700}
body{margin:0;max-width:none;font-size:12px}.wide{font-size:10.5px}.wide td,.wide th{padding-right:.5rem}
figure,tr,.tiles div,.reason{break-inside:avoid}h2{break-after:avoid}
h1,h2,.tiles div,.reason{print-color-adjust:exact}}`;
