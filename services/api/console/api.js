/** Calls the API with the token that came in the address's fragment (never sent to a server, never in a log). */
const TOKEN_KEY = 'millrace-token';

const given = /(?:^#|&)token=([^&]+)/.exec(location.hash)?.[1];
if (given) {
  sessionStorage.setItem(TOKEN_KEY, decodeURIComponent(given));
  history.replaceState(null, '', location.pathname);
}

const headers = () => {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token ? { authorization: `Bearer ${token}` } : {};
};

export async function call(method, path, body) {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: { ...headers(), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.detail ?? value.title ?? `HTTP ${answer.status}`);
  return value;
}

const RECONNECT_MS = 1_000;

/** Follows /stream for ever; `onState` is told when the link is up or lost. */
export async function follow(onEvent, onState) {
  for (;;) {
    try {
      const answer = await fetch('/api/v1/stream', { headers: headers() });
      if (answer.status === 401) return onState('no access: open the address that `./millrace up` printed');
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      onState('live');
      await read(answer.body.pipeThrough(new TextDecoderStream()).getReader(), onEvent);
    } catch (error) {
      onState(`link lost (${error.message}), trying again`);
    }
    await new Promise((r) => setTimeout(r, RECONNECT_MS));
  }
}

async function read(reader, onEvent) {
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf('\n\n')) >= 0) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name) =>
        lines
          .filter((l) => l.startsWith(`${name}:`))
          .map((l) => l.slice(name.length + 1).trimStart())
          .join('\n');
      if (field('data')) onEvent(field('event'), JSON.parse(field('data')));
    }
  }
}
