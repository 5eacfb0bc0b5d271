// Shows the state of each part, as /readyz and /version tell it.
const parts = document.getElementById('parts');

function row(name, text, ok) {
  const dt = document.createElement('dt');
  dt.textContent = name;
  const dd = document.createElement('dd');
  dd.textContent = text;
  if (ok !== undefined) dd.className = ok ? 'ok' : 'bad';
  parts.append(dt, dd);
}

async function refresh() {
  try {
    const [ready, version] = await Promise.all([
      fetch('/readyz').then((r) => r.json()), fetch('/version').then((r) => r.json())]);
    parts.replaceChildren();
    row('Version', version.version);
    row('Status', ready.status, ready.status === 'ready');
    for (const [name, part] of Object.entries(ready.parts)) {
      row(name, part.ok ? 'ok' : part.detail, part.ok);
    }
    row('Answers by', ready.llm_provider);
  } catch (error) {
    parts.replaceChildren();
    row('Status', `no answer: ${error.message}`, false);
  }
}

refresh();
setInterval(refresh, 5000);
