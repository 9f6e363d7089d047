/*
 * Golden pages of /my and /my/TOKEN: every page and state in both languages, byte for byte, with a fixed clock. Style sheets
 * (they have tests of their own) and the token of the link are left out. UPDATE_GOLDEN=1 writes them.
 */
#include "lib/web.h"

#include "core/rights.h"
#include "core/token.h"

static const char *const langs[] = {"de", "en"};

/* Without what is between <style> and </style>, and with X for each character of a token. */
static struct slice steady(struct web *t)
{
	struct slice rest = slice_from(t->body);
	struct buf b;

	buf_init_arena(&b, &t->w.arena, 1u << 20);
	while (rest.len) {
		if (slice_starts(rest, SLICE("<style>"))) {
			const char *end = memmem(rest.ptr, rest.len, "</style>", 8);
			assert_non_null(end);
			buf_add_str(&b, "<style>");
			rest = slice_sub(rest, (size_t)(end - rest.ptr), rest.len);
		}
		if (slice_starts(rest, SLICE("/j/my/")) && rest.len > 6 + TOKEN_CHARS && rest.ptr[6 + TOKEN_CHARS] == '?') {
			buf_add_str(&b, "/j/my/TOKEN");
			rest = slice_sub(rest, 6 + TOKEN_CHARS, rest.len);
		}
		buf_add_char(&b, rest.ptr[0]);
		rest = slice_sub(rest, 1, rest.len);
	}
	assert_true(buf_ok(&b));
	return buf_slice(&b);
}

static void golden(struct web *t, const char *name, const char *lang)
{
	struct slice got = steady(t);
	char path[200];
	struct buf want;
	size_t at = 0;

	snprintf(path, sizeof(path), "tests/golden/hub/%s.%s.html", name, lang);
	if (getenv("UPDATE_GOLDEN") || getenv("GOLDEN")) {
		assert_ok(file_write(path, got, 0644, EI));
		return;
	}
	buf_init(&want, 1u << 20);
	if (file_read(&want, path, EI))
		fail_msg("%s (UPDATE_GOLDEN=1 writes it)", EI->text);
	while (at < got.len && at < want.len && got.ptr[at] == want.data[at])
		at++;
	if (at < got.len || at < want.len)
		fail_msg("%s differs at byte %zu; got \"%.*s\"", path, at, (int)(got.len - at > 300 ? 300 : got.len - at),
		    got.ptr + at);
	buf_free(&want);
}

/* The same page in each language: a GET, or a POST that may be repeated. */
static void page(struct web *t, const char *name, const char *url, const char *body, unsigned status)
{
	for (size_t l = 0; l < 2; l++) {
		char full[300];
		unsigned got;
		snprintf(full, sizeof(full), "%s%clang=%s", url, strchr(url, '?') ? '&' : '?', langs[l]);
		got = body ? web_post(t, full, body) : web_get(t, full);
		if (got != status)
			fail_msg("%s: %u", name, got);
		golden(t, name, langs[l]);
	}
}

/* Pending, or confirmed for both purposes. */
static int64_t person(struct web *t, const char *address, bool confirmed)
{
	char body[256];
	int64_t id;

	snprintf(body, sizeof(body), "email=%s&p=news&p=events&last_name=Lovelace&v=%s&page=https%%3A%%2F%%2Fwww.verein.test%%2F",
	    address, world_consent(&t->w, "both", "de")->v);
	assert_int_equal(web_post(t, "/j/s/both", body), 303);
	web_settle(t);
	world_state(&t->w, address, &id);
	world_wait(&t->w, 3 * MINUTE_MS);
	if (confirmed)
		web_press(t, "/c/", world_last_mail(&t->w).confirm, "action=confirm");
	world_wait(&t->w, 3 * MINUTE_MS);
	return id;
}

static char *link_to(struct web *t, enum token_purpose purpose, int64_t id, int64_t lives_ms)
{
	const struct token token = {.purpose = purpose, .id = id, .expires_ms = (t->w.now_ms + lives_ms) / 1000 * 1000};
	char text[TOKEN_BYTES], url[100];

	token_make(store_keyring(t->w.store), "club", &token, text);
	snprintf(url, sizeof(url), "/j/my/%s", text);
	return arena_str(&t->w.arena, slice_from(url));
}

static void test_ask(void **state)
{
	struct web *t = *state;

	page(t, "ask", "/j/my", NULL, 200);
	page(t, "ask-wrong", "/j/my", "email=anna%40%40example.org", 422);
	page(t, "sent", "/j/my/sent", NULL, 200);
	page(t, "expired", link_to(t, TOKEN_HUB, 1, -MINUTE_MS), NULL, 200);
	page(t, "gone", link_to(t, TOKEN_HUB, 4711, 15 * MINUTE_MS), NULL, 200);
	page(t, "no-link", "/j/my/x", NULL, 404);
	page(t, "moving-over", link_to(t, TOKEN_MOVE, person(t, "ada@example.org", true), HOUR_MS), NULL, 200);
}

static void test_pending(void **state)
{
	struct web *t = *state;

	page(t, "pending", link_to(t, TOKEN_HUB, person(t, "ada@example.org", false), 15 * MINUTE_MS), NULL, 200);
}

static void test_life(void **state)
{
	struct web *t = *state;
	char *link = link_to(t, TOKEN_HUB, person(t, "ada@example.org", true), 15 * MINUTE_MS), erase[200];

	page(t, "active", link, NULL, 200);
	page(t, "wrong-address", link, "action=move&email=x", 422);
	page(t, "done-withdraw-one", link, "action=withdraw&p=events", 200);
	world_wait(&t->w, 1000);
	page(t, "one-ended", link, NULL, 200);
	page(t, "done-rectify", link, "action=rectify&last_name=King", 200);
	world_wait(&t->w, 1000);
	page(t, "done-restrict", link, "action=restrict", 200);
	page(t, "restricted", link, NULL, 200);
	page(t, "done-release", link, "action=release", 200);
	world_wait(&t->w, 1000);
	page(t, "done-move", link, "action=move&email=new%40example.org", 200);
	page(t, "moving", link, NULL, 200);
	world_wait(&t->w, 1000);
	page(t, "to-print", link, "action=export&format=html", 200);
	world_wait(&t->w, 1000);
	page(t, "done-withdraw", link, "action=withdraw", 200);
	page(t, "unsubscribed", link, NULL, 200);
	snprintf(erase, sizeof(erase), "%s?erase=1", link);
	page(t, "erase", erase, NULL, 200);
	world_wait(&t->w, 1000);
	page(t, "done-erase", link, "action=erase&never=1", 200);
	page(t, "kept", link, NULL, 200);
}

static void test_object(void **state)
{
	struct web *t = *state;
	char *link = link_to(t, TOKEN_HUB, person(t, "ada@example.org", true), 15 * MINUTE_MS);

	page(t, "done-object", link, "action=object", 200);
	page(t, "objected", link, NULL, 200);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, web_setup, web_teardown)
	const struct CMUnitTest tests[] = {T(test_ask), T(test_pending), T(test_life), T(test_object)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
