/*
 * What is limited where: network and site before anything is stored, the address only afterwards and in
 * silence; what is counted for `jawort status`; and that a counter that is broken stops nobody.
 */
#include "lib/world.h"

#include "store/budget.h"

static const char HOST[] = "data: data\nkeys: keys\nsites: sites/*.yaml\n"
    "budgets: { confirm: 2/24h, confirm_host: 4/24h, per_prefix: 5/1h, per_site: 8/1h }\n";

static int setup(void **state)
{
	struct world *w = malloc(sizeof(*w));

	assert_non_null(w);
	world_folder(w);
	world_write(w, "jawort.yaml", HOST);
	world_write(w, "sites/club.yaml", WORLD_SITE);
	world_load(w);
	world_start(w);
	assert_ok(budget_open(&w->turn.budget, w->conf->data, EI));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	budget_close(w->turn.budget);
	return world_teardown(state);
}

/* A sign-up from an address of the network; everything else is fine. */
static struct gate_answer sign(struct world *w, const char *form, const char *email, const char *ip)
{
	const struct gate g = {.site = w->site, .store = w->store, .writers = w->writers, .budget = w->turn.budget};
	struct gate_input in = {.form = world_form(w, form), .lang = "de", .remote_ip = slice_from(ip),
	    .origin = GATE_ORIGIN_OWN};
	struct form *f = arena_alloc(&w->arena, sizeof(*f));
	struct gate_answer out;
	char body[512];

	snprintf(body, sizeof(body), "email=%s&p=news&v=%s&lang=de&last_name=L", email,
	    world_consent(w, form, "de")->v);
	assert_ok(form_parse(&w->arena, arena_dup(&w->arena, slice_from(body)), f, EI));
	in.fields = f;
	assert_ok(gate_accept(&g, &w->arena, &in, &out, EI));
	return out;
}

static bool sum_tally(int64_t day, struct slice form, enum budget_tally what, int64_t n, void *arg)
{
	int64_t *sum = arg;

	(void)day;
	(void)form;
	sum[what] += n;
	return true;
}

static int64_t tally(struct world *w, enum budget_tally what)
{
	int64_t sum[BUDGET_TALLY__MAX] = {0};

	assert_ok(budget_each(w->turn.budget, "club", 0, sum_tally, sum, EI));
	return sum[what];
}

static void test_network_waits(void **state)
{
	struct world *w = *state;
	struct gate_answer a;
	char email[40];

	for (int i = 0; i < 5; i++) {
		snprintf(email, sizeof(email), "n%d@example.org", i);
		assert_int_equal(sign(w, "news", email, "192.0.2.1").result, GATE_ACCEPTED);
	}
	assert_int_equal(world_intake(w), 5);
	/* Another address of the same /24; nothing is stored, and the answer says how long. */
	a = sign(w, "news", "n9@example.org", "192.0.2.200");
	assert_int_equal(a.result, GATE_LIMITED);
	assert_true(a.retry_s > 3000 && a.retry_s <= 3900);
	assert_int_equal(world_intake(w), 5);
	assert_int_equal(tally(w, BUDGET_T_PREFIX), 1);
	assert_int_equal(sign(w, "news", "n9@example.org", "192.0.3.1").result, GATE_ACCEPTED);
	/* And when it is over. */
	world_wait(w, a.retry_s * 1000);
	assert_int_equal(sign(w, "news", "n9@example.org", "192.0.2.200").result, GATE_ACCEPTED);
}

static void test_networks_of_version_6(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++)
		assert_int_equal(sign(w, "news", "n@example.org", "2001:db8:1:2::1").result, GATE_ACCEPTED);
	assert_int_equal(sign(w, "news", "n@example.org", "2001:db8:1:ff::77").result, GATE_LIMITED); /* same /56 */
	assert_int_equal(sign(w, "news", "n@example.org", "2001:db8:1:100::1").result, GATE_ACCEPTED);
}

static void test_site_waits(void **state)
{
	struct world *w = *state;
	char ip[40];

	for (int i = 0; i < 8; i++) {
		snprintf(ip, sizeof(ip), "10.0.%d.1", i);
		assert_int_equal(sign(w, "news", "n@example.org", ip).result, GATE_ACCEPTED);
	}
	assert_int_equal(sign(w, "news", "m@example.org", "10.9.9.9").result, GATE_LIMITED);
	assert_int_equal(tally(w, BUDGET_T_SITE), 1);
	assert_int_equal(tally(w, BUDGET_T_PREFIX), 0);
	assert_int_equal(world_intake(w), 8);
}

/* What is only doubtful or wrong uses nothing up. */
static void test_refusals_are_free(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++)
		assert_int_equal(sign(w, "news", "nothing", "192.0.2.1").result, GATE_INPUT);
	assert_int_equal(tally(w, BUDGET_T_INPUT), 20);
	assert_int_equal(sign(w, "news", "n@example.org", "192.0.2.1").result, GATE_ACCEPTED);
}

/* The address: the same answer, two mails a day at one site, whatever the form and the letter case. */
static void test_address_is_silent(void **state)
{
	static const char *const forms[] = {"news", "extra", "both"};
	static const char *const names[] = {"ada@example.org", "ADA@example.org", "Ada@Example.Org"};
	struct world *w = *state;
	char ip[40];

	for (int i = 0; i < 8; i++) {
		snprintf(ip, sizeof(ip), "10.0.%d.1", i);
		assert_int_equal(sign(w, forms[i % 3], names[i % 3], ip).result, GATE_ACCEPTED);
		world_turn(w);
		world_wait(w, 15 * MINUTE_MS);
	}
	assert_int_equal(world_mail_count(w), 2);
	assert_int_equal(world_intake(w), 0);
	assert_true(tally(w, BUDGET_T_SILENT) > 0);
	world_wait(w, 26 * HOUR_MS);
	assert_int_equal(sign(w, "news", "ada@example.org", "10.1.1.1").result, GATE_ACCEPTED);
	world_turn(w);
	assert_int_equal(world_mail_count(w), 3);
}

/* A repeat within ten minutes uses nothing up: it brings no mail either. */
static void test_repeat_is_free(void **state)
{
	struct world *w = *state;
	char ip[40];

	for (int i = 0; i < 4; i++) {
		snprintf(ip, sizeof(ip), "10.0.%d.1", i);
		assert_int_equal(sign(w, "news", "ada@example.org", ip).result, GATE_ACCEPTED);
		world_turn(w);
	}
	assert_int_equal(world_mail_count(w), 1);
	assert_int_equal(tally(w, BUDGET_T_SILENT), 0);
	world_wait(w, 11 * MINUTE_MS);
	assert_int_equal(sign(w, "news", "ada@example.org", "10.0.9.1").result, GATE_ACCEPTED);
	world_turn(w);
	assert_int_equal(world_mail_count(w), 2);
}

/* Without counters (their file cannot be used) everybody gets in, and gets a mail. */
static void test_no_counters(void **state)
{
	struct world *w = *state;
	struct budget *kept = w->turn.budget;
	char ip[40];

	w->turn.budget = NULL;
	for (int i = 0; i < 12; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		assert_int_equal(sign(w, "news", "ada@example.org", ip).result, GATE_ACCEPTED);
		world_turn(w);
		world_wait(w, 11 * MINUTE_MS);
	}
	assert_int_equal(world_mail_count(w), 12);
	w->turn.budget = kept;
}

static void test_prefix(void **state)
{
	static const struct {
		int row;
		const char *a, *b;
		bool same;
	} rows[] = {
	    {__LINE__, "192.0.2.1", "192.0.2.254", true},
	    {__LINE__, "192.0.2.1", "192.0.3.1", false},
	    {__LINE__, "2001:db8::1", "2001:db8:0:ff::1", true},
	    {__LINE__, "2001:db8::1", "2001:db8:0:100::1", false},
	    {__LINE__, "2001:db8::1", "2001:0db8:0:0:0:0:0:2", true},
	    {__LINE__, "192.0.2.1", "c000:2::", false},
	    {__LINE__, "192.0.2.1", "::ffff:192.0.2.9", true},
	    {__LINE__, "::ffff:192.0.2.1", "::ffff:198.51.100.1", false},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice a = gate_prefix(&w->arena, slice_from(rows[i].a));
		struct slice b = gate_prefix(&w->arena, slice_from(rows[i].b));
		if (!a.len || !b.len || slice_eq(a, b) != rows[i].same)
			fail_msg("row of line %d", rows[i].row);
	}
	assert_int_equal(gate_prefix(&w->arena, SLICE("unix:")).len, 0);
	assert_int_equal(gate_prefix(&w->arena, SLICE("")).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_network_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_networks_of_version_6, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_site_waits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refusals_are_free, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_address_is_silent, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_repeat_is_free, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_counters, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_prefix, setup, teardown),
	};

	return cmocka_run_group_tests_name("core/gate, budgets", tests, NULL, NULL);
}
