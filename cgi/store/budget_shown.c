/* How often pages of forms were asked for: counted in memory, written with the next tick. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/budget_priv.h"

static bool shown_same(const struct budget_shown *s, const char *site, const char *form)
{
	return strcmp(s->site, site) == 0 && strcmp(s->form, form) == 0;
}

static struct budget_shown *shown_place(struct budget *b, const char *site, const char *form)
{
	for (size_t i = 0; i < b->nshown; i++)
		if (shown_same(&b->shown[i], site, form))
			return &b->shown[i];
	if (b->nshown == BUDGET_SHOWN_MAX || strlen(site) >= sizeof b->shown->site || strlen(form) >= sizeof b->shown->form)
		return NULL;
	struct budget_shown *s = &b->shown[b->nshown++];
	*s = (struct budget_shown){.n = 0};
	memcpy(s->site, site, strlen(site) + 1);
	memcpy(s->form, form, strlen(form) + 1);
	return s;
}

void budget_shown(struct budget *b, const char *site, const char *form)
{
	pthread_mutex_lock(&b->shown_lock);
	struct budget_shown *s = shown_place(b, site, form);
	if (s)
		s->n++;
	pthread_mutex_unlock(&b->shown_lock);
}

void budget_shown_write(struct budget *b, int64_t now_ms)
{
	struct budget_shown all[BUDGET_SHOWN_MAX];
	struct errinfo ei = {.code = OK};
	pthread_mutex_lock(&b->shown_lock);
	size_t n = b->nshown;
	memcpy(all, b->shown, n * sizeof *all);
	b->nshown = 0;
	pthread_mutex_unlock(&b->shown_lock);
	for (size_t i = 0; i < n; i++)
		if (budget_count(b, all[i].site, slice_from(all[i].form), BUDGET_T_SHOWN, all[i].n, now_ms, &ei) != OK) {
			log_err(LOG_WARN, "budget", &ei);
			return;
		}
}
