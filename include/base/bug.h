#ifndef JAWORT_BASE_BUG_H
#define JAWORT_BASE_BUG_H
/*
 * bug: assertions that stay on in production. A broken invariant in a
 * program that stores evidence must stop it; the supervisor starts it anew.
 *
 * bug_if(cond): cond true is a defect of ours: one log line with place, abort().
 * never(cond): a branch that cannot happen; bug in test builds (JAWORT_TEST),
 * handled as the code says in production. Evaluates to cond.
 */
#define bug_if(cond) ((cond) ? bug_at(__FILE__, __LINE__, #cond) : (void)0)
#ifdef JAWORT_TEST
#define never(cond) ((cond) ? (bug_at(__FILE__, __LINE__, "never: " #cond), 1) : 0)
#else
#define never(cond) (cond)
#endif
_Noreturn void bug_at(const char *file, int line, const char *what);

#endif
