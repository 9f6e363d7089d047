# Jawort: a sign-up form, fetched while the site is built. Put it into _plugins/ and write
#   {% jawort_form https://www.example.org/j/s/news %}
# into a page; the language is that of the page or the site ("lang" in front matter or _config.yml). An
# unknown form ends the build. Where plugins are not allowed, use `jawort form snippet --as jekyll`.
require "cgi"
require "net/http"
require "uri"

module Jawort
  class FormTag < Liquid::Tag
    TIMEOUT_S = 20

    def initialize(tag, text, tokens)
      super
      @src = text.strip
    end

    def render(context)
      page = context.registers[:page]
      site = context.registers[:site]
      where = "#{site.config["url"]}#{site.config["baseurl"]}#{page["url"]}"
      hidden = %(<input type="hidden" name="page" value="#{CGI.escapeHTML(where)}"></form>)
      fetch(page["lang"] || site.config["lang"]).sub("</form>") { hidden }
    end

    private

    def fetch(lang)
      uri = URI(@src)
      words = ["fragment", uri.query, lang && "lang=#{CGI.escape(lang)}"].compact
      uri.query = words.join("&")
      answer = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https", open_timeout: TIMEOUT_S,
                               read_timeout: TIMEOUT_S) { |http| http.get(uri.request_uri) }
      return answer.body.force_encoding("UTF-8") if answer.is_a?(Net::HTTPOK)

      raise Liquid::ArgumentError, "jawort_form: #{uri}: status #{answer.code}"
    end
  end
end

Liquid::Template.register_tag("jawort_form", Jawort::FormTag)
