// Jawort: a sign-up form, fetched while the site is built. In eleventy.config.js:
//   import jawort from './jawort.mjs';
//   export default (config) => { config.addPlugin(jawort, { site: 'https://www.example.org' }); };
// and in a page (Nunjucks, Liquid):
//   {% jawortForm "https://www.example.org/j/s/news" %}
// An unknown form ends the build.
const TIMEOUT_MS = 20_000;
const escape = (s) => s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export async function jawortForm(src, { lang, page } = {}) {
  const url = new URL(src);
  url.searchParams.set('fragment', '');
  if (lang && !url.searchParams.has('lang')) url.searchParams.set('lang', lang);
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`jawortForm: ${url}: status ${answer.status}`);
  const html = await answer.text();
  return page ? html.replace('</form>', () => `<input type="hidden" name="page" value="${escape(page)}"></form>`) : html;
}

export default function jawort(config, { site } = {}) {
  config.addAsyncShortcode('jawortForm', function form(src) {
    const at = site && this.page?.url ? new URL(this.page.url, site).href : undefined;
    return jawortForm(src, { lang: this.ctx?.lang ?? this.page?.lang, page: at });
  });
}
