// Jawort: <jawort-form>, <jawort-notice>, frames that grow; see docs/embed.md
const service = new URL(import.meta.url).origin;
const framed = self !== parent && location.origin === service && new URLSearchParams(location.search).has('frame');
let count = 0;
let policy;

function make(tag, inside) {
  const e = document.createElement(tag);
  e.append(...[inside ?? ''].flat());
  return e;
}

function parse(html) {
  if (self.trustedTypes) {
    policy ??= trustedTypes.createPolicy('jawort', { createHTML: (s) => s });
    html = policy.createHTML(html);
  }
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  return [...document.importNode(body, true).childNodes];
}

class Live extends HTMLElement {
  connectedCallback() {
    if (this.known) return;
    this.known = true;
    this.start();
  }

  // If it fails, the link stays.
  async load(url, cache) {
    const lang = this.closest('[lang]')?.getAttribute('lang');
    if (lang && !url.searchParams.has('lang')) url.searchParams.set('lang', lang);
    try {
      const answer = await fetch(url, { credentials: 'omit', cache });
      if (!answer.ok) throw answer.status;
      this.replaceChildren(...parse(await answer.text()));
      return this.dataset.ready = 'true';
    } catch (e) {
      console.warn(`Jawort: ${e} (is ${location.origin} in "origins"?)`);
    }
  }
}

class JawortForm extends Live {
  start() {
    this.n = crypto.getRandomValues(new Uint32Array(4)).join('-');
    this.addEventListener('submit', (e) => this.submit(e));
    this.addEventListener('focusin', () => this.token(), { once: true });
    this.addEventListener('click', (e) => {
      const id = e.target.closest('[role=alert] a')?.hash.slice(1);
      if (!id) return;
      e.preventDefault();
      document.getElementById(id)?.focus();
    });
    if (this.form) this.ready();
    else if (this.hasAttribute('src')) this.fresh();
  }

  get form() {
    return this.querySelector('form');
  }

  url(part) {
    const u = new URL(this.getAttribute('src') ?? this.form.getAttribute('action'), document.baseURI);
    u.searchParams.set(part, '');
    return u;
  }

  ready() {
    this.form.noValidate = true;
    this.form.removeAttribute('aria-busy');
    this.dataset.ready = 'true';
  }

  async fresh(cache) {
    const u = this.url('fragment');
    const h = this.getAttribute('heading');
    while (document.getElementById(`jw${++count}-email`));
    u.searchParams.set('id', `jw${count}`);
    if (h) u.searchParams.set('h', h);
    if (await this.load(u, cache)) this.ready();
    return this.form;
  }

  async token() {
    try {
      this.t = (await (await fetch(this.url('token'), { credentials: 'omit' })).json()).t;
      this.since = Date.now();
    } catch {}
  }

  tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(`jawort:${name}`, { bubbles: true, cancelable: name === 'submit', detail }));
  }

  data(form, button) {
    const d = new URLSearchParams(new FormData(form));
    const next = this.getAttribute('next');
    if (button?.name) d.set(button.name, button.value);
    if (!d.get('page')) d.set('page', (framed && document.referrer || location.href).split('#')[0]);
    if (next) d.set('next', next);
    if (this.t) d.set('t', this.t);
    d.set('n', this.n);
    return d;
  }

  async submit(e) {
    const form = e.target, button = e.submitter, label = button?.textContent;
    e.preventDefault();
    if (form.getAttribute('aria-busy') || !this.tell('submit')) return;
    const body = this.data(form, button);
    form.setAttribute('aria-busy', true);
    this.dataset.state = 'sending';
    if (label) button.textContent = form.dataset.busy ?? label;
    let json, ok;
    try {
      // A younger token looks like a program.
      if (this.t) await new Promise((go) => setTimeout(go, 2100 + this.since - Date.now()));
      const answer = await fetch(form.getAttribute('action'), {
        method: 'POST', body, headers: { Accept: 'application/json' }, credentials: 'omit', signal: AbortSignal.timeout?.(3e4),
      });
      json = await answer.json();
      ok = answer.ok;
    } catch {}
    form.removeAttribute('aria-busy');
    if (label) button.textContent = label;
    if (ok) this.done(json, body.get('next'));
    // A pasted form works as well where nothing may be fetched.
    else if (!json && !this.hasAttribute('src')) form.submit();
    else await this.refused(form, json ?? { title: form.dataset.lost, text: form.dataset.lostText }, body);
  }

  done(json, next) {
    this.dataset.state = 'sent';
    this.tell('done', json);
    if (next && json.next === next) {
      location.assign(next);
      return;
    }
    const box = this.box(json, 'status', 'jawort');
    box.lang = this.form.getAttribute('lang');
    this.replaceChildren(box);
    box.focus();
  }

  box({ title, text }, role, className) {
    const box = make('div', [make('p', make('strong', title)), make('p', text)]);
    box.setAttribute('role', role);
    return Object.assign(box, { className, tabIndex: -1 });
  }

  async refused(form, json, body) {
    this.clear(form);
    if (json.state === 'changed') {
      form = await this.fresh('reload');
      for (const f of form.elements) if (/text|email/.test(f.type)) f.value = body.get(f.name) ?? '';
    }
    this.dataset.state = 'error';
    const box = this.box(json, 'alert', 'jawort-sum');
    const list = Object.entries(json.errors ?? {}).map(([name, text]) => make('li', this.mark(form, name, text)));
    if (list.length) {
      box.firstChild.prepend(make('b', form.dataset.mark), ' ');
      box.append(make('ul', list));
    }
    if (json.review) box.append(Object.assign(make('button', json.button), { name: 'r', value: json.review.r }));
    form.prepend(box);
    box.focus();
    this.tell('error', json);
  }

  mark(form, name, text) {
    const field = name === 'p' ? form.querySelector('[id$=-purposes]') : form.elements[name];
    if (!field?.id) return text;
    const note = make('span', [make('b', form.dataset.mark), ` ${text}`]);
    Object.assign(note, { className: 'jawort-error', id: `${field.id}-bad` });
    if (name === 'p') {
      note.prepend(make('br'));
      field.append(note);
    } else {
      field.before(note);
      field.setAttribute('aria-invalid', true);
      field.setAttribute('aria-describedby', `${field.getAttribute('aria-describedby') ?? ''} ${note.id}`);
    }
    return Object.assign(make('a', text), { href: `#${field.id}` });
  }

  clear(form) {
    form.querySelectorAll('.jawort-sum, .jawort-error').forEach((e) => e.remove());
    form.querySelectorAll('[aria-invalid]').forEach((e) => {
      e.removeAttribute('aria-invalid');
      e.setAttribute('aria-describedby', e.getAttribute('aria-describedby').replace(/ \S+-bad$/, ''));
    });
  }
}

class JawortNotice extends Live {
  start() {
    const u = new URL(this.getAttribute('src'), document.baseURI);
    u.pathname = u.pathname.replace(/(\.html)?$/, '.html');
    this.load(u).then(() => this.level(+this.getAttribute('heading')));
  }

  level(to) {
    const all = [...this.querySelectorAll('h1, h2, h3, h4, h5, h6')];
    const up = to - Math.min(...all.map((h) => h.tagName[1]));
    if (to && up) all.forEach((h) => {
      const other = make(`h${Math.min(6, +h.tagName[1] + up)}`, [...h.childNodes]);
      if (h.id) other.id = h.id;
      h.replaceWith(other);
    });
  }
}

if (!customElements.get('jawort-form')) {
  customElements.define('jawort-form', JawortForm);
  customElements.define('jawort-notice', JawortNotice);
  if (framed) {
    const html = document.documentElement;
    new ResizeObserver(() => parent.postMessage({ jawort: 'size', h: html.offsetHeight }, '*')).observe(html);
  } else addEventListener('message', (e) => {
    if (e.origin !== service || e.data?.jawort !== 'size' || !(e.data.h > 0)) return;
    for (const f of document.querySelectorAll('iframe'))
      if (f.contentWindow === e.source) {
        f.style.height = `${Math.min(e.data.h, 1e4)}px`;
        f.style.border = 0;
      }
  });
}
