import { PALETTE } from "../charts/theme.ts";

function tokens(theme: "light" | "dark"): string {
  return Object.entries(PALETTE)
    .map(([token, colors]) => `--${token}:${colors[theme]}`)
    .join(";");
}

const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';
const MONO = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace';

const BASE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 ${SANS};
  font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main,header,footer{max-width:1200px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
.eyebrow{color:var(--muted);font-size:14px;margin:0}
h1{font-size:29px;line-height:1.25;letter-spacing:-.015em;margin:8px 0 10px;max-width:36em;
  text-wrap:balance;font-weight:650}
h1 em{font-style:normal}
.lede{font-size:17px;max-width:46em;margin:0 0 6px}
h2{font-size:21px;line-height:1.3;letter-spacing:-.005em;margin:56px 0 4px;padding-top:14px;
  border-top:1px solid var(--grid);font-weight:650}
h3{font-size:15px;margin:24px 0 6px;font-weight:650}
p{max-width:48em;text-wrap:pretty}
.sub{color:var(--muted);margin:0 0 14px;font-size:15px}
.sub b{color:var(--ink)}
.note{font-size:14px;color:var(--muted)}
a{color:var(--blue)}
nav{font-size:13.5px;margin:18px 0 0;display:flex;flex-wrap:wrap;gap:4px 15px}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
footer{margin:56px auto 40px;color:var(--muted);font-size:13px}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
code,pre{font:13px/1.5 ${MONO}}
pre{background:var(--soft);padding:12px 14px;margin:8px 0 0;border-radius:4px;
  white-space:pre-wrap;overflow-wrap:anywhere}
.nb{display:inline-block;max-width:100%}
details{margin-top:12px;font-size:14px}
summary{cursor:pointer;color:var(--blue)}
.good{color:var(--green)}.bad{color:var(--red)}.none{color:var(--muted)}
.ink{color:var(--ink)}.blue{color:var(--blue)}.orange{color:var(--orange)}
.green{color:var(--green)}.red{color:var(--red)}.purple{color:var(--purple)}
.grey{color:var(--grey)}
.warnings{border-left:3px solid var(--orange);padding:2px 0 2px 14px;margin:20px 0 0;
  font-size:15px;max-width:52em}
.warnings ul{margin:4px 0 0;padding-left:18px}
.list{columns:2;column-gap:48px;font-size:14px;padding-left:18px;margin:8px 0}
.list li{break-inside:avoid;margin-bottom:6px}
.kv{display:grid;grid-template-columns:max-content 1fr;gap:5px 24px;font-size:14px;margin:8px 0;
  align-content:start}
.kv dt{color:var(--muted)}
.kv dd{margin:0;min-width:0;overflow-wrap:anywhere}
`;

const TABLES = `
table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.4}
caption{text-align:left;color:var(--muted);font-size:13px;padding:0 0 6px}
th,td{text-align:right;padding:7px 0 7px 18px;vertical-align:top;font-weight:400;
  border-bottom:1px solid var(--grid)}
thead th{color:var(--muted);font-size:13px;border-bottom:1px solid var(--axis);
  vertical-align:bottom}
th:first-child{text-align:left;padding-left:0}
.tx,thead th.tx{text-align:left}
td.tx{overflow-wrap:anywhere;min-width:9em}
td:not(.tx){white-space:nowrap}
tbody th{overflow-wrap:anywhere;min-width:7em}
.fit,.scroll{overflow-x:auto}
.scroll{margin-top:8px}
.t{width:auto;min-width:50%}
.t td,.t th{padding:4px 0 4px 22px;white-space:nowrap;overflow-wrap:normal}
.t th:first-child{padding-left:0}
.t .tx{white-space:normal;min-width:20em}
.sum th,.sum td{font-weight:650;border-top:1px solid var(--axis)}
.verdict tbody th{font-weight:650;font-size:15px}
.verdict small{display:block;font-weight:400;color:var(--muted);font-size:13px}
.verdict td span{display:block;white-space:nowrap}
.verdict .v{font-size:16px;font-weight:600}
.verdict .i{color:var(--muted);font-size:13px}
.verdict .d{font-size:13px;margin-top:5px;line-height:1.45}
.verdict .d :is(.n,.ii){display:inline}
.d .n,.d .ii{white-space:nowrap}
.d .ii{color:var(--muted)}
.verdict .d .w{display:block}
.verdict :is(tbody,thead) th:first-child{padding-left:12px}
.verdict tr.pick th{box-shadow:inset 3px 0 0 var(--green)}
.w{font-weight:600}
`;

const CHARTS = `
svg{display:block;max-width:100%;height:auto;overflow:visible}
svg text{font-family:${SANS};font-variant-numeric:tabular-nums}
figure{margin:0;min-width:0}
figcaption{font-size:14px;margin-bottom:10px;overflow-wrap:anywhere}
figcaption span{color:var(--muted);margin-left:6px}
.narrow{display:none}
.two{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:20px 48px;
  align-items:start}
.half{display:grid;grid-template-columns:1fr 1fr;gap:24px 48px}
.two>*,.half>*{min-width:0}
.grid{display:grid;gap:36px 12px;margin-top:14px}
.solo{max-width:660px}
.of2{grid-template-columns:repeat(2,minmax(0,1fr))}
.of3{grid-template-columns:repeat(3,minmax(0,1fr))}
.of4{grid-template-columns:repeat(4,minmax(0,1fr))}
.panel{position:relative;margin:0 0 8px}
.panel svg{width:100%;max-width:none}
.key{font-size:11px;line-height:1.4;color:var(--muted);margin:0 0 1px;padding-left:46px;
  max-width:none}
.key :is(b,span){margin-left:5px;display:inline-block;max-width:100%;overflow-wrap:anywhere}
.key b{font-weight:650}
.bars .key{padding-left:158px;margin-bottom:3px}
.sw{display:inline-block;width:8px;height:8px;margin-right:3px;border-radius:1px}
.plot{position:relative}
.spot{position:absolute;top:0;bottom:0;padding:0;border:0;background:none;cursor:help;
  font:inherit;min-width:2px}
.spot:hover,.spot:focus{background:color-mix(in srgb,var(--orange) 18%,transparent)}
.spot:focus-visible{outline-offset:0}
.spot .tip{display:none;position:absolute;z-index:5;top:calc(100% - 6px);width:230px;
  text-align:left;background:var(--bg);color:var(--ink);border:1px solid var(--axis);
  border-radius:4px;padding:6px 9px;font-size:12.5px;line-height:1.4;overflow-wrap:anywhere}
.spot:is(:hover,:focus) .tip{display:block}
.spot .tip b{display:block}
.tip.l{left:-8px}.tip.r{right:-8px}
`;

const RESPONSIVE = `
@media (max-width:1120px){
  .of2,.of3,.of4{grid-template-columns:repeat(2,minmax(0,1fr))}
  .two,.half{grid-template-columns:minmax(0,1fr)}
  .early .wide{display:none}.early .narrow{display:block}
}
@media (max-width:1040px) and (min-width:641px),print{
  .verdict .d .ii{display:block}.verdict td{padding-left:10px}
  .verdict .d .w{white-space:normal}
}
@media (max-width:720px){
  .wide{display:none}.narrow{display:block}.bars .key{padding-left:118px}
}
@media (max-width:640px){
  main,header,footer{padding:0 16px}
  header{padding-top:20px}
  h1{font-size:24px}.lede{font-size:16px}h2{margin-top:44px;font-size:19px}
  .of2,.of3,.of4{grid-template-columns:minmax(0,1fr)}
  .list{columns:1}
  .kv{grid-template-columns:minmax(0,1fr);gap:0}.kv dd{margin-bottom:8px}
  table:not(.verdict):not(.t){font-size:13px}
  table:not(.verdict):not(.t) :is(td,th){padding-left:8px}
  table:not(.verdict):not(.t) :is(td,th):first-child{padding-left:0}
  .t .tx{min-width:16em}
  .verdict thead{position:absolute;left:0;width:1px;height:1px;overflow:hidden;
    clip-path:inset(50%)}
  .verdict,.verdict tbody,.verdict caption,.verdict tr{display:block}
  .verdict tr{padding:14px 0;border-bottom:1px solid var(--axis)}
  .verdict tbody th:first-child{display:block;padding:0 0 4px;border:0;font-size:17px}
  .verdict tr.pick{box-shadow:inset 3px 0 0 var(--green);padding-left:12px}
  .verdict tr.pick th{box-shadow:none}
  .verdict tbody th small{display:inline;margin-left:8px}
  .verdict td{display:grid;grid-template-columns:78px 88px 1fr;gap:0 6px;text-align:left;
    border:0;padding:4px 0}
  .verdict td::before{content:attr(data-l);color:var(--muted)}
  .verdict td .d{grid-column:2/-1;margin:0;white-space:normal}
  .verdict td .d .w{display:inline;margin-left:8px}
  .verdict td .i{align-self:center}
  .verdict .v{font-size:15px}
}
@media (max-width:360px){
  .verdict td{grid-template-columns:70px 1fr}
  .verdict td .i{grid-column:2}
  .verdict td span{white-space:normal}
}
`;

const PRINT = `
@page{margin:14mm}
@media print{
  :root{${tokens("light")};color-scheme:light}
  body{font-size:11pt}
  main,header,footer{max-width:none;padding:0}
  .of3,.of4{grid-template-columns:repeat(2,minmax(0,1fr))}
  .two,.half{grid-template-columns:minmax(0,1fr)}
  nav,details,.spot{display:none}
  h2{margin-top:28px}
  h2,.sub,figcaption,.key{break-after:avoid}
  .wide{display:block}.narrow{display:none}
  figure,svg,table,tr,.sub{break-inside:avoid}
  .verdict{break-inside:auto}
  .verdict .v,.verdict tbody th{font-size:13px}.verdict tbody th{min-width:9em}
  .verdict :is(.i,.d,small){font-size:11px}.verdict td{padding-left:8px}
}
`;

/** The whole style sheet: tokens for both themes, light in print. */
export const CSS = [
  `:root{${tokens("light")};color-scheme:light dark}`,
  `@media (prefers-color-scheme:dark){:root{${tokens("dark")}}}`,
  BASE,
  TABLES,
  CHARTS,
  RESPONSIVE,
  PRINT,
]
  .join("\n")
  .replaceAll("\n\n", "\n");
