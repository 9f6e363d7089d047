#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "text/addr.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define LABEL63 L60 "abc"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_REQUEST_MAX_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* full: what goes to the provider; NULL: the same as typed. */
static const struct {
	int line;
	struct slice typed;
	const char *full;
} good[] = {
	{__LINE__, SLICE_LIT("n@example.org"), NULL},
	{__LINE__, SLICE_LIT("first.last@example.org"), NULL},
	{__LINE__, SLICE_LIT("First.Last@example.org"), NULL}, /* the local part is never altered */
	{__LINE__, SLICE_LIT("First.Last@EXAMPLE.Org"), "First.Last@example.org"},
	{__LINE__, SLICE_LIT("n+news@example.org"), NULL},
	{__LINE__, SLICE_LIT("n-news@example.org"), NULL},
	{__LINE__, SLICE_LIT("n_news@example.org"), NULL},
	{__LINE__, SLICE_LIT("o'neill@example.org"), NULL},
	{__LINE__, SLICE_LIT("a.b.c.d.e@example.org"), NULL},
	{__LINE__, SLICE_LIT("123@example.org"), NULL},
	{__LINE__, SLICE_LIT("a@b.cd"), NULL},
	{__LINE__, SLICE_LIT("a@1.example"), NULL},
	{__LINE__, SLICE_LIT("a@123.com"), NULL},
	{__LINE__, SLICE_LIT("a@3com.com"), NULL},
	{__LINE__, SLICE_LIT("a@example.c3"), NULL},
	{__LINE__, SLICE_LIT("a@example.0xg"), NULL},
	{__LINE__, SLICE_LIT("a@sub.sub.sub.example.co.uk"), NULL},
	{__LINE__, SLICE_LIT("a@ex-ample.org"), NULL},
	{__LINE__, SLICE_LIT("a@e--xample.org"), NULL},
	{__LINE__, SLICE_LIT("a@a--b.org"), NULL},
	{__LINE__, SLICE_LIT("a@example.museum"), NULL},
	{__LINE__, SLICE_LIT("#$&'*+-/=^?_`{|}~@example.org"), NULL},
	{__LINE__, SLICE_LIT("!#$%&`*+/=?^`{|}~@example.org"), NULL},
	{__LINE__, SLICE_LIT("=?@example.org"), NULL},
	{__LINE__, SLICE_LIT("=?^a?^=@example.org"), NULL},
	{__LINE__, SLICE_LIT("%@example.org"), NULL}, /* "%" and "!" where no host can be meant */
	{__LINE__, SLICE_LIT("!@example.org"), NULL},
	{__LINE__, SLICE_LIT("!a@example.org"), NULL},
	{__LINE__, SLICE_LIT("a%@example.org"), NULL},
	{__LINE__, SLICE_LIT("100%.a@example.org"), NULL},
	{__LINE__, SLICE_LIT("a.!b@example.org"), NULL},
	{__LINE__, SLICE_LIT("a%%@example.org"), NULL},
	{__LINE__, SLICE_LIT("a%-b@example.org"), NULL},
	{__LINE__, SLICE_LIT("n@io"), NULL}, /* country codes take mail */
	{__LINE__, SLICE_LIT("n@AI"), "n@ai"},
	{__LINE__, SLICE_LIT("n@zz"), NULL},
	{__LINE__, SLICE_LIT("-a@example.org"), NULL},
	{__LINE__, SLICE_LIT("a-@example.org"), NULL},
	{__LINE__, SLICE_LIT("{a}@example.org"), NULL},
	{__LINE__, SLICE_LIT("a=b@example.org"), NULL},
	{__LINE__, SLICE_LIT("a?b=c@example.org"), NULL},
	{__LINE__, SLICE_LIT("SRS0=abc=de=example.com=n@example.org"), NULL},
	{__LINE__, SLICE_LIT("bounce+1=x.example@example.org"), NULL},
	{__LINE__, SLICE_LIT(L60 "abcd@example.org"), NULL},
	{__LINE__, SLICE_LIT("a@" LABEL63 ".org"), NULL},
	{__LINE__, SLICE_LIT(L60 "abcd@" L60 "." L60 "." L60 ".abc.de"), NULL}, /* 254 bytes */
	/* IDN; expectations from the registries' own converters */
	{__LINE__, SLICE_LIT("n@müller.de"), "n@xn--mller-kva.de"},
	{__LINE__, SLICE_LIT("n@MÜLLER.DE"), "n@xn--mller-kva.de"},
	{__LINE__, SLICE_LIT("n@mu\xcc\x88ller.de"), "n@xn--mller-kva.de"}, /* decomposed, as macOS writes it */
	{__LINE__, SLICE_LIT("n@bücher.example"), "n@xn--bcher-kva.example"},
	{__LINE__, SLICE_LIT("n@faß.de"), "n@xn--fa-hia.de"}, /* non-transitional: not fass.de */
	{__LINE__, SLICE_LIT("n@straße.example"), "n@xn--strae-oqa.example"},
	{__LINE__, SLICE_LIT("n@βόλος.com"), "n@xn--nxasmm1c.com"},
	{__LINE__, SLICE_LIT("n@例え.テスト"), "n@xn--r8jz45g.xn--zckzah"},
	{__LINE__, SLICE_LIT("n@пример.испытание"), "n@xn--e1afmkfd.xn--80akhbyknj4f"},
	{__LINE__, SLICE_LIT("n@مثال.إختبار"), "n@xn--mgbh0fb.xn--kgbechtv"},
	{__LINE__, SLICE_LIT("n@xn--mller-kva.de"), NULL},
	{__LINE__, SLICE_LIT("n@XN--MLLER-KVA.DE"), "n@xn--mller-kva.de"},
	{__LINE__, SLICE_LIT("n@www.xn--fa-hia.de"), NULL},
	{__LINE__, SLICE_LIT("n@münchen.xn--mller-kva.de"), "n@xn--mnchen-3ya.xn--mller-kva.de"},
	/* joiner that Persian needs */
	{__LINE__, SLICE_LIT("n@نامه\xe2\x80\x8cای.com"), "n@xn--mgba3gch31f060k.com"},
};

static void test_accepted(void **state)
{
	struct addr ad, again;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct slice want = good[i].full ? slice_from(good[i].full) : good[i].typed;
		enum addr_result r = addr_parse(&arena, good[i].typed, &ad);
		if (r != ADDR_OK)
			fail_msg("row of line %d refused: %d", good[i].line, (int)r);
		if (!slice_eq(ad.full, want))
			fail_msg("row of line %d gave %.*s", good[i].line, SLICE_FMT(ad.full));
		if (ad.full.len != ad.local.len + 1 + ad.domain.len || ad.full.ptr[ad.local.len] != '@' ||
		    !slice_starts(ad.full, ad.local) || !slice_ends(ad.full, ad.domain))
			fail_msg("row of line %d: parts", good[i].line);
		if (addr_parse(&arena, ad.full, &again) != ADDR_OK || !slice_eq(ad.full, again.full))
			fail_msg("row of line %d: the result is not a fixed point", good[i].line);
	}
}

static const struct {
	int line;
	struct slice typed;
	enum addr_result result;
} bad[] = {
	{__LINE__, SLICE_LIT(""), ADDR_EMPTY},
	{__LINE__, SLICE_LIT(" "), ADDR_EMPTY},
	{__LINE__, SLICE_LIT("     "), ADDR_EMPTY},
	/* nothing is cut off: the corpus of isemail counts these as bad */
	{__LINE__, SLICE_LIT(" n@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("n@example.org "), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("  n@example.org  "), ADDR_LOCAL},
	/* no address at all */
	{__LINE__, SLICE_LIT("n"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("example.org"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("@"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("@example.org"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("n@"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("n＠example.org"), ADDR_NO_AT},
	{__LINE__, SLICE_LIT("n example.org"), ADDR_NO_AT},
	/* two */
	{__LINE__, SLICE_LIT("@@"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@x@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@x.org,b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@x.org, b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@x.org;b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@x.org b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a,b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a;b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@example.org,"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@example .org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a @example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@ example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("\"a@x\"@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("<a@x.org>b@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("Max Muster <max@example.org>"), ADDR_MANY},
	{__LINE__, SLICE_LIT("@relay.example,@b.example:a@example.org"), ADDR_MANY},
	{__LINE__, SLICE_LIT("a@example.org (comment)"), ADDR_MANY},
	/* local parts that can be read in two ways */
	{__LINE__, SLICE_LIT("\"a\"@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("\"\"@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a\"b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("\"a.b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a\\b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("(x)a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a(x)@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a)@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("<a@example.org>"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("<a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("mailto:a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("[a]@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a%x@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a%40x.org@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a!b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("x.org!a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a%x@y.example"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a%1@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a_%x@example.org"), ADDR_LOCAL}, /* "a_" may be a mailbox on x */
	{__LINE__, SLICE_LIT("a%%x@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("%x@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("x!_a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("x!@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("9!b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("A!B@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a%Z@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("=?utf-8?q?a=40x?=@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("=?x@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("x?=@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("=?utf-8?q?a_?=@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a.=?q@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT(".a@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a.@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("a..b@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT(".@example.org"), ADDR_LOCAL},
	{__LINE__, SLICE_LIT("...@example.org"), ADDR_LOCAL},
	/* letters outside ASCII before the @ */
	{__LINE__, SLICE_LIT("jörg@example.org"), ADDR_NON_ASCII},
	{__LINE__, SLICE_LIT("用户@example.org"), ADDR_NON_ASCII},
	{__LINE__, SLICE_LIT("ｎ@example.org"), ADDR_NON_ASCII},
	{__LINE__, SLICE_LIT("\xc2\xa0n@example.org"), ADDR_NON_ASCII},
	{__LINE__, SLICE_LIT("n\xe2\x80\x8b@example.org"), ADDR_NON_ASCII},
	{__LINE__, SLICE_LIT("\xef\xbb\xbfn@example.org"), ADDR_NON_ASCII},
	/* too long */
	{__LINE__, SLICE_LIT(L60 "abcde@example.org"), ADDR_LONG},
	{__LINE__, SLICE_LIT(L60 "abcd@" L60 "." L60 "." L60 ".abc.def"), ADDR_LONG}, /* 255 bytes */
	{__LINE__, SLICE_LIT("a@" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63), ADDR_LONG},
	{__LINE__, SLICE_LIT(L60 "abcd@" L60 "." L60 "." L60 ".müller"), ADDR_LONG}, /* 256 as A-label */
	/* controls and broken text */
	{__LINE__, SLICE_LIT("a\n@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\n"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\r\n"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\r\nBcc: b@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org>\r\nRCPT TO:<b@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("\ta@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\t"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a\0@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\0"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@example.org\0.evil.example"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a\x7f@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@exa\xc2\x85mple.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a\xe2\x80\xa8@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@exam\xe2\x80\xaeple.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a\xff@example.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@ex\xc0\xaemple.org"), ADDR_CONTROL},
	{__LINE__, SLICE_LIT("a@m\xfcller.de"), ADDR_CONTROL},
	/* domains */
	{__LINE__, SLICE_LIT("a@localhost"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("name@gmail"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@i"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@i1"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@1i"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@0x"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@i-"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@io."), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@.io"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@com"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@\xc3\xb6"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@\xd1\x80\xd1\x84"), ADDR_DOMAIN}, /* the country code of Russia in its letters */
	{__LINE__, SLICE_LIT("a@."), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example."), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org."), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@.example.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example..org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@-example.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example-.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.-org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org-"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam_ple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam/ple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam%ple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org>"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@<example.org>"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org(x)"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@(x)example.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@\"example.org\""), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org:25"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org?subject=x"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example\\.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@[127.0.0.1]"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@[IPv6:::1]"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@127.0.0.1"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@1.2"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.123"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@127.0.0.0x1"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.0XFF"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.0x"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@" LABEL63 "d.org"), ADDR_DOMAIN},
	/* A-labels that are none, or stand for plain ASCII */
	{__LINE__, SLICE_LIT("a@xn--.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn---.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--a.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--a-.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--abc-.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--0049.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--0117.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--ls8h=.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--mller-2pa.de"), ADDR_DOMAIN}, /* capital umlaut inside */
	{__LINE__, SLICE_LIT("a@xn--muller-xyd.de"), ADDR_DOMAIN}, /* decomposed umlaut inside */
	{__LINE__, SLICE_LIT("a@xn--rma-bo3s.de"), ADDR_DOMAIN}, /* ligature inside */
	{__LINE__, SLICE_LIT("a@xn--99999999.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@xn--xn--mller-kva-.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@ab--cd.müller.de"), ADDR_DOMAIN}, /* reserved form (RFC 5891 section 4.2.3.1) */
	/* text that the IDN mapping would turn into something else */
	{__LINE__, SLICE_LIT("a@ｅxample.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example。org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example．org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example｡org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller。de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam\xc2\xadple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam\xe2\x80\x8bple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam\xe2\x81\xa0ple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example.org\xef\xbb\xbf"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exam\xef\xb8\x8fple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@ﬁrma.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@ⓔxample.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@𝐞xample.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@exampleª.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example².org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@\xe2\x84\xaa" "elvin.org"), ADDR_DOMAIN}, /* U+212A */
	{__LINE__, SLICE_LIT("a@℀.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@example․org"), ADDR_DOMAIN}, /* U+2024 */
	{__LINE__, SLICE_LIT("a@exam\xc2\xa0ple.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@mü\xc2\xa0ller.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@mü℀ller.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller￼.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@x＠example.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@x∕y.org"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@-müller.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller-.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@mül_ler.de"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller.de."), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller.123"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@müller.٣"), ADDR_DOMAIN},
	{__LINE__, SLICE_LIT("a@\xcc\x88u.de"), ADDR_DOMAIN}, /* starts with a combining mark */
	{__LINE__, SLICE_LIT("a@a\xe2\x80\x8d" "b.org"), ADDR_DOMAIN}, /* joiner where none belongs */
	{__LINE__, SLICE_LIT("a@אa.org"), ADDR_DOMAIN}, /* mixed directions */
	{__LINE__, SLICE_LIT("a@\xf3\xbf\xbf\xbe.org"), ADDR_DOMAIN}, /* noncharacter */
};

static void test_refused(void **state)
{
	struct addr ad;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		enum addr_result r = addr_parse(&arena, bad[i].typed, &ad);
		if (r != bad[i].result)
			fail_msg("row of line %d: %d instead of %d", bad[i].line, (int)r, (int)bad[i].result);
		if (ad.full.ptr)
			fail_msg("row of line %d: refused, but filled", bad[i].line);
	}
	assert_int_equal(addr_parse(&arena, slice_make(NULL, 0), &ad), ADDR_EMPTY);
}

static void test_every_result_occurs(void **state)
{
	unsigned seen = 1u << ADDR_OK;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		seen |= 1u << bad[i].result;
	assert_int_equal(seen, (1u << ADDR__MAX) - 1);
	assert_true(sizeof(good) / sizeof(good[0]) + sizeof(bad) / sizeof(bad[0]) >= 150);
}

/* Each single ASCII byte within the local part ("!" is a route there, behind a letter) and within a label. */
static void test_every_ascii_byte(void **state)
{
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	static const char local_ok[] = ALNUM ".#$%&'*+-/=?^_`{|}~", label_ok[] = ALNUM ".-";
	struct addr ad;

	(void)state;
	for (int c = 0; c < 128; c++) {
		char local[] = "a__b@example.org", domain[] = "a@exa_ple.org";
		local[1] = domain[5] = (char)c;
		bool got = addr_parse(&arena, slice_make(local, sizeof(local) - 1), &ad) == ADDR_OK;
		if (got != (c && strchr(local_ok, c)))
			fail_msg("byte %d in the local part", c);
		got = addr_parse(&arena, slice_make(domain, sizeof(domain) - 1), &ad) == ADDR_OK;
		if (got != (c && strchr(label_ok, c)))
			fail_msg("byte %d in the domain", c);
	}
}

static void test_no_memory(void **state)
{
	struct arena small;
	struct addr ad;

	(void)state;
	arena_init(&small, 1);
	assert_true(addr_parse(&small, SLICE("n@example.org"), &ad) != ADDR_OK);
	assert_null(ad.full.ptr);
	assert_false(arena_ok(&small)); /* by this the caller knows that it was not the address */
	assert_true(addr_parse(&small, SLICE("n@müller.de"), &ad) != ADDR_OK);
	arena_free(&small);
}

static void test_fold(void **state)
{
	struct addr ad;

	(void)state;
	assert_int_equal(addr_parse(&arena, SLICE("Max.MUSTER+X@Example.ORG"), &ad), ADDR_OK);
	assert_true(slice_eq_str(addr_fold(&arena, &ad), "max.muster+x@example.org"));
	assert_true(slice_eq_str(ad.local, "Max.MUSTER+X"));
}

#define WJ "\xe2\x81\xa0"

static const struct {
	int line;
	struct slice full;
	const char *masked;
} masks[] = {
	{__LINE__, SLICE_LIT("nadine@example.org"), "n" WJ "…" WJ "e@example.org"},
	{__LINE__, SLICE_LIT("abc@example.org"), "a" WJ "…" WJ "c@example.org"},
	{__LINE__, SLICE_LIT("ab@example.org"), "a" WJ "…" WJ "@example.org"},
	{__LINE__, SLICE_LIT("a@example.org"), "a" WJ "…" WJ "@example.org"},
	{__LINE__, SLICE_LIT("äöü@example.org"), "ä" WJ "…" WJ "ü@example.org"},
	{__LINE__, SLICE_LIT("äö@example.org"), "ä" WJ "…" WJ "@example.org"},
	{__LINE__, SLICE_LIT("no-address"), WJ "…" WJ},
	{__LINE__, SLICE_LIT("@example.org"), WJ "…" WJ "@example.org"},
	{__LINE__, SLICE_LIT(""), WJ "…" WJ},
};

static void test_mask(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		if (!slice_eq_str(addr_mask(&arena, masks[i].full), masks[i].masked))
			fail_msg("row of line %d", masks[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test(test_every_result_occurs),
		cmocka_unit_test_setup_teardown(test_every_ascii_byte, setup, teardown),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test_setup_teardown(test_fold, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mask, setup, teardown),
	};

	return cmocka_run_group_tests_name("text/addr", tests, NULL, NULL);
}
