// The console's page. It asks its own server for JSON, and shows it.
//
// What traffic and lists bring is untrusted: it becomes text (textContent) and never markup. The
// policy in the headers of the page (require-trusted-types-for) makes the browser hold us to that.
'use strict';

const STATUS_EVERY_MS = 2000;
const REST_EVERY_MS = 5000;
const PATIENCE_MS = 8000;
const ROWS = 12;
const TOKEN = 'sluice-token';
const SVG = 'http://www.w3.org/2000/svg';

const $ = (id) => document.getElementById(id);

// ── what the server says ──

class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

let clockAhead = 0;  // of the server's clock against ours, in ms

async function ask(path) {
  const token = sessionStorage.getItem(TOKEN);
  const reply = await fetch(path, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const said = Date.parse(reply.headers.get('Date'));
  if (!Number.isNaN(said)) clockAhead = said - Date.now();
  const object = await reply.json();
  if (!reply.ok) throw new Refused(reply.status, String(object.reason));
  return object;
}

// ── words ──

const count = new Intl.NumberFormat('en');
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

function rate(value) {
  return value >= 100 ? count.format(Math.round(value)) : tenths.format(value);
}

function bitRate(bytes) {
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];
  let bits = bytes * 8;
  let unit = 0;
  while (bits >= 1000 && unit + 1 < units.length) {
    bits /= 1000;
    unit += 1;
  }
  return `${rate(bits)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  return `${Math.floor(seconds / 86400)} days`;
}

function ago(time) {
  const seconds = (Date.now() + clockAhead - Date.parse(time)) / 1000;
  return Number.isNaN(seconds) ? '' : `${duration(seconds)} ago`;
}

function plural(number, one, many) {
  return `${count.format(number)} ${number === 1 ? one : many}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

// ── elements ──

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function draw(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Rows of cells {text, kind, press}; a first cell is the heading of its row. Elements stay, so that
// whoever reads, selects or has the focus there is not disturbed.
function fillTable(body, rows, none) {
  if (rows.length === 0) {
    const columns = body.parentElement.tHead.rows[0].cells.length;
    const cell = make('td', none, 'none');
    cell.colSpan = columns;
    const row = make('tr');
    row.append(cell);
    if (body.textContent !== none) body.replaceChildren(row);
    return;
  }
  if (body.querySelector('.none')) body.replaceChildren();
  while (body.rows.length > rows.length) body.lastElementChild.remove();
  rows.forEach((cells, index) => {
    let row = body.rows[index];
    if (!row) {
      row = make('tr');
      cells.forEach((cell, column) => row.append(newCell(cell, column)));
      body.append(row);
    }
    cells.forEach((cell, column) => fillCell(row.cells[column], cell));
  });
}

function newCell(cell, column) {
  const element = make(column === 0 ? 'th' : 'td', undefined, cell.kind);
  if (column === 0) element.scope = 'row';
  if (cell.press) {
    const button = make('button', cell.text);
    button.type = 'button';
    button.addEventListener('click', () => button.press());
    element.append(button);
  }
  return element;
}

function fillCell(element, cell) {
  if (!cell.press) {
    setText(element, cell.text);
    return;
  }
  const button = element.firstElementChild;
  button.press = cell.press;
  button.setAttribute('aria-label', cell.label);
}

// Whoever has no mouse scrolls by the keyboard, where there is something to scroll.
function markScrolling() {
  for (const element of document.querySelectorAll('.scrolls')) {
    if (element.scrollWidth > element.clientWidth) {
      element.tabIndex = 0;
    } else {
      element.removeAttribute('tabindex');
    }
  }
}

// Pairs of a term and its description.
function fillTerms(list, pairs) {
  if (list.children.length !== pairs.length) {
    list.replaceChildren(...pairs.map(() => {
      const group = make('div');
      group.append(make('dt'), make('dd'));
      return group;
    }));
  }
  pairs.forEach(([term, description], index) => {
    setText(list.children[index].firstElementChild, term);
    setText(list.children[index].lastElementChild, description);
  });
}

let announced = '';

// For screen readers, and only when it changes.
function announce(text) {
  if (text === announced) return;
  announced = text;
  $('announcements').textContent = text;
}

// ── state ──

let before = null;  // the status before, and when

function rises(status, at) {
  const seconds = before ? (at - before.at) / 1000 : 0;
  const same = before && before.status.process === status.process;
  return (pick) => {
    if (!same || seconds <= 0) return 0;
    return Math.max(0, (pick(status) ?? 0) - (pick(before.status) ?? 0)) / seconds;
  };
}

function showState(status) {
  const healthy = status.health === 'healthy';
  $('health').className = healthy ? 'good' : 'bad';
  setText($('health').firstElementChild, healthy ? '\u2713' : '!');
  setText($('health-word'), healthy ? 'Healthy' : 'Degraded');
  setText($('health-text'), healthy
    ? `Enforcing ${plural(status.rules, 'rule', 'rules')} of ${plural(status.lists.length, 'list', 'lists')}.`
    : `${plural(status.reasons.length, 'reason', 'reasons')}:`);
  const list = $('reasons');
  const texts = status.reasons.map((reason) => reason.text);
  if (list.textContent !== texts.join('')) list.replaceChildren(...texts.map((text) => make('li', text)));
  list.hidden = texts.length === 0;
  announce(healthy ? 'The gateway is healthy.' : `The gateway is degraded. ${texts.join('. ')}`);
  document.title = `${healthy ? '' : '(!) '}Sluice console`;

  setText($('place'), `${status.dataplane.inside} \u2194 ${status.dataplane.outside}`);
  setText($('version'), `Version ${status.version}`);
  const { totals } = status;
  fillTerms($('figures'), [
    ['up', duration(status.uptime_seconds)],
    ['rules', count.format(status.rules)],
    ['flows', count.format(totals.flows)],
    ['lost in the last minute', count.format(status.minute.dataplane_lost)],
  ]);
}

function showFailure(status) {
  const { fail_mode: mode, dataplane } = status;
  const word = { pass: 'passed', drop: 'dropped', open: 'passed (fail open)', closed: 'dropped (fail closed)' };
  fillTerms($('failure'), [
    ['Frames without a worker', word[mode.without_worker] ?? mode.without_worker],
    ['Packets that cannot be judged', word[mode.unjudged] ?? mode.unjudged],
    ['Malformed packets', word[mode.malformed] ?? mode.malformed],
    ['Fragments without room', word[mode.fragments] ?? mode.fragments],
    ['Unknown QUIC versions', word[mode.quic_unknown] ?? mode.quic_unknown],
    ['Dataplane', dataplane.type],
    ['Last reload', status.last_reload
      ? `${status.last_reload.result.replace('_', ' ')}, ${ago(status.last_reload.at)}`
      : 'none since the start'],
  ]);
}

function showLists(status) {
  const rows = status.lists.map((list) => [
    { text: list.list },
    { text: list.exceptions ? `${list.app} (exceptions)` : list.app, kind: 'text' },
    { text: count.format(list.entries), kind: 'number' },
    { text: count.format(list.refused_lines), kind: 'number' },
    { text: list.version, kind: 'code' },
    { text: list.age_seconds === null ? 'never' : duration(list.age_seconds) },
  ]);
  fillTable($('lists'), rows, 'No lists.');
  const fed = [
    ...status.sources.map((source) => `source ${source.source}: version ${source.version || 'none'}${source.rolled_back ? ' (rolled back)' : ''}, ${source.seen_seconds === null ? 'never reached' : `reached ${duration(source.seen_seconds)} ago`}`),
    ...status.zones.map((zone) => `zone ${zone.list}: serial ${zone.serial}, ${zone.seen_seconds === null ? 'never heard of' : `heard of ${duration(zone.seen_seconds)} ago`}`),
  ];
  setText($('lists-note'), [`Generation ${count.format(status.generation)}.`, ...fed].join(' '));
}

function showWorkers(status, rise) {
  const { dataplane, totals } = status;
  const native = dataplane.type === 'xdp'
    ? `, the driver runs it on ${plural(totals.native_ports, 'interface', 'interfaces')}` : '';
  setText($('dataplane-note'), `${dataplane.type} between ${dataplane.inside} (inside) and ${dataplane.outside} (outside)${native}; ${count.format(totals.flows)} of ${count.format(totals.flows_capacity)} flows.`);
  fillTable($('workers'), status.workers.map((worker, index) => {
    const of = (key) => rise((it) => it.workers[index]?.[key]);
    const sampled = of('sampled');
    const busy = sampled > 0 ? Math.min(100, of('packets') * (of('sampled_nanos') / sampled) / 1e7) : 0;
    return [
      { text: String(index) },
      { text: rate(of('packets')), kind: 'number' },
      { text: bitRate(of('bytes')), kind: 'number' },
      { text: `${tenths.format(busy)} %`, kind: 'number' },
      { text: count.format(worker.lost), kind: 'number' },
    ];
  }), 'No workers.');
}

function showPolicies(status) {
  const rows = [...status.policies].sort((a, b) => b.count - a.count).slice(0, ROWS).map((it) => [
    { text: it.policy },
    { text: it.action },
    { text: count.format(it.count), kind: 'number' },
  ]);
  fillTable($('policies'), rows, 'No policy has blocked or logged anything since the start.');
}

function showStatus(status) {
  const at = performance.now();
  const rise = rises(status, at);
  showState(status);
  showFailure(status);
  showLists(status);
  showWorkers(status, rise);
  showPolicies(status);
  if (!before || at - before.at > 1500) before = { status, at };
}

// ── what was blocked ──

function showBlocked(blocked) {
  const names = blocked.names.slice(0, ROWS).map((it) => [
    { text: it.name },
    { text: it.action === 'log' ? `${it.app} (logged)` : it.app, kind: 'text' },
    { text: count.format(it.count), kind: 'number' },
    { text: ago(it.last_seen) },
    { text: 'Why?', label: `Why is ${it.name} blocked?`, press: () => explainName(it.name) },
  ]);
  fillTable($('names'), names, 'Nothing was blocked of late.');
  const unjudged = blocked.unjudged > 0 ? `, and ${plural(blocked.unjudged, 'record', 'records')} of what could not be judged` : '';
  setText($('names-note'), `Among the last ${plural(blocked.records - blocked.unjudged, 'record', 'records')}${unjudged}.`);
  const clients = blocked.clients.slice(0, ROWS).map((it) => [
    { text: it.client },
    { text: it.app, kind: 'text' },
    { text: it.policy, kind: 'text' },
    { text: count.format(it.count), kind: 'number' },
    { text: ago(it.last_seen) },
  ]);
  fillTable($('clients'), clients, 'No client tried a banned app.');
  const more = blocked.clients_all - clients.length;
  setText($('clients-note'), more > 0 ? `Those who tried last; ${count.format(more)} more are in sluice clients.` : 'Those who tried last come first.');
}

// ── charts ──

function niceTop(value) {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value);
}

function drawChart(id, title, points, key, total) {
  const svg = $(id);
  const width = Math.max(240, svg.clientWidth);
  const height = svg.clientHeight || 160;
  const [left, right, top, bottom] = [46, 4, 8, 20];
  const values = points.map((point) => point[key] / point.seconds);
  const highest = Math.max(0, ...values);
  const most = niceTop(highest);
  const x = (index) => left + (width - left - right) * (total - points.length + index) / Math.max(1, total - 1);
  const y = (value) => top + (height - top - bottom) * (1 - value / most);
  const parts = [];
  for (const value of [0, most / 2, most]) {
    parts.push(draw('line', { class: 'grid', x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    parts.push(draw('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, rate(value)));
  }
  parts.push(draw('text', { x: left, y: height - 4 }, '10 min ago'));
  parts.push(draw('text', { x: (left + width - right) / 2, y: height - 4, 'text-anchor': 'middle' }, '5 min'));
  parts.push(draw('text', { x: width - right, y: height - 4, 'text-anchor': 'end' }, 'now'));
  if (values.length > 0) {
    const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
    parts.push(draw('polygon', { class: 'area', points: [`${x(0).toFixed(1)},${y(0)}`, ...line, `${x(values.length - 1).toFixed(1)},${y(0)}`].join(' ') }));
    parts.push(draw('polyline', { class: 'curve', points: line.join(' ') }));
  }
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
  const last = values.at(-1) ?? 0;
  svg.setAttribute('aria-label', `${title}: ${rate(last)} packets a second now, at most ${rate(highest)} in the last 10 minutes`);
  return last;
}

let shownHistory = null;

function showHistory(history) {
  shownHistory = history;
  const total = Math.round(600 / history.every_seconds);
  for (const [key, title] of [['passed', 'Passed'], ['blocked', 'Blocked']]) {
    const now = drawChart(`${key}-chart`, title, history.points, key, total);
    const all = history.points.reduce((sum, point) => sum + point[key], 0);
    setText($(`${key}-now`), `${rate(now)} packets/s now, ${count.format(all)} packets in all`);
  }
  const minutes = [];
  const perRow = Math.round(60 / history.every_seconds);
  for (let end = history.points.length; end > 0; end -= perRow) {
    const some = history.points.slice(Math.max(0, end - perRow), end);
    const seconds = some.reduce((sum, point) => sum + point.seconds, 0);
    const mean = (key) => rate(some.reduce((sum, point) => sum + point[key], 0) / seconds);
    minutes.push([
      { text: clock.format(new Date(some.at(-1).at * 1000)) },
      { text: mean('passed'), kind: 'number' },
      { text: mean('blocked'), kind: 'number' },
    ]);
  }
  fillTable($('points'), minutes, 'No figures yet.');
}

// ── explain ──

function sentence(it) {
  const name = it.name;
  if (it.verdict === 'drop') return `${name} is blocked.`;
  if (it.verdict === 'log') return `${name} passes, and is logged.`;
  return it.exception ? `${name} passes, by an exception.` : `${name} passes.`;
}

function showExplanation({ explanation: it, notes, seen }) {
  const place = $('explanation');
  const answer = make('p', sentence(it), `answer ${it.verdict === 'drop' ? 'bad' : 'good'}`);
  const facts = [];
  if (it.asked) facts.push(['Asked', it.asked]);
  if (it.app) facts.push(['App', it.app]);
  if (it.rule) facts.push(['Rule', it.rule]);
  if (it.exception) facts.push(['Exception', it.exception]);
  if (it.list) facts.push(['List', `${it.list}, line ${count.format(it.line)}`]);
  if (it.list_version) facts.push(['Version', it.list_version]);
  facts.push(['Policy', it.policy || 'none holds this client, or none has a rule for it']);
  for (const shadow of it.shadows ?? []) facts.push(['On trial', `${shadow.policy} would ${shadow.would}`]);
  for (const note of notes) facts.push(['Note', note]);
  facts.push(['Seen', seen.count > 0
    ? `${plural(seen.count, 'time', 'times')} of late, by ${plural(seen.clients, 'client', 'clients')}, ${ago(seen.last_seen)}`
    : 'not among the last records']);
  const list = make('dl', undefined, 'facts');
  for (const [term, description] of facts) list.append(make('dt', term), make('dd', description));
  place.replaceChildren(answer, list);
}

async function explain() {
  const query = new URLSearchParams({ name: $('name').value.trim() });
  const client = $('client').value.trim();
  if (client) query.set('client', client);
  try {
    showExplanation(await ask(`/api/v1/explain?${query}`));
  } catch (problem) {
    if (problem.status === 401) {
      showLogin();
      return;
    }
    const text = problem instanceof Refused ? problem.message : 'The gateway does not answer.';
    $('explanation').replaceChildren(make('p', text, 'answer bad'));
  }
}

function explainName(name) {
  $('name').value = name;
  $('client').value = '';
  $('name').focus();
  explain();
}

// ── the token ──

function showLogin() {
  const had = sessionStorage.getItem(TOKEN) !== null;
  sessionStorage.removeItem(TOKEN);
  $('login-problem').textContent = had ? 'This is not the token.' : '';
  if (!$('login').hidden) return;
  $('login').hidden = false;
  $('content').hidden = true;
  $('forget').hidden = true;
  $('token').value = '';
  $('token').focus();
}

function hideLogin() {
  $('forget').hidden = sessionStorage.getItem(TOKEN) === null;
  if (!$('content').hidden) return;
  const came = !$('login').hidden;
  $('login').hidden = true;
  $('content').hidden = false;
  if (came) {
    $('state-title').tabIndex = -1;
    $('state-title').focus();
  }
}

// ── again and again ──

let lastRest = -Infinity;
let turn = 0;

async function refresh() {
  const mine = ++turn;
  clearTimeout(refresh.timer);
  try {
    const status = await ask('/api/v1/status');
    let rest = null;
    if (performance.now() - lastRest >= REST_EVERY_MS) {
      rest = await Promise.all([ask('/api/v1/blocked'), ask('/api/v1/history')]);
    }
    if (mine !== turn) return;
    hideLogin();
    showStatus(status);
    if (rest) {
      lastRest = performance.now();
      showBlocked(rest[0]);
      showHistory(rest[1]);
    }
    markScrolling();
    $('silence').hidden = true;
    setText($('updated'), `Updated at ${clock.format(new Date(Date.now() + clockAhead))}.`);
  } catch (problem) {
    if (mine !== turn) return;
    if (problem.status === 401) {
      showLogin();
      return;  // until somebody gives a token
    }
    const text = problem instanceof Refused
      ? `The gateway refused: ${problem.message}` : 'The gateway does not answer. What is below is old.';
    setText($('silence'), text);
    $('silence').hidden = false;
    announce(text);
    before = null;
    lastRest = -Infinity;
  }
  if (!document.hidden) refresh.timer = setTimeout(refresh, STATUS_EVERY_MS);
}

$('explain').addEventListener('submit', (event) => {
  event.preventDefault();
  explain();
});
$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {  // no header could carry it
    $('login-problem').textContent = 'This is not the token.';
    return;
  }
  sessionStorage.setItem(TOKEN, token);
  refresh();
});
$('forget').addEventListener('click', () => {
  sessionStorage.removeItem(TOKEN);
  refresh();
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh();
});
window.addEventListener('resize', () => {
  if ($('content').hidden) return;
  if (shownHistory) showHistory(shownHistory);
  markScrolling();
});
refresh();
