#ifndef TESTS_STAMP_OPENSSL_TSA_H
#define TESTS_STAMP_OPENSSL_TSA_H
/* A time stamp authority made of the program openssl: its certificates, and answers to our questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

struct openssl_tsa {
	char dir[64];
};

static inline int openssl_run(const struct openssl_tsa *t, const char *args)
{
	char line[1200];
	FILE *p;

	snprintf(line, sizeof(line), "cd %s && openssl %s >>log.txt 2>&1", t->dir, args);
	p = popen(line, "r");
	assert_non_null(p);
	return pclose(p);
}

static inline void openssl_tsa_make(struct openssl_tsa *t)
{
	static const char conf[] = "[tsa]\ndefault_tsa = one\n[one]\nserial = ./serial\nsigner_cert = ./tsa.crt\n"
	    "signer_key = ./tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\naccuracy = secs:1\n"
	    "ordering = yes\ntsa_name = yes\ness_cert_id_alg = sha256\n"
	    "[ext]\nextendedKeyUsage = critical,timeStamping\nbasicConstraints = CA:FALSE\n"
	    "[ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n"
	    "[req]\ndistinguished_name = dn\n[dn]\n";
	char path[100];

	snprintf(t->dir, sizeof(t->dir), "/tmp/jawort-tsa-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(path, sizeof(path), "%s/c.cnf", t->dir);
	assert_int_equal(file_write(path, slice_from(conf), 0600, NULL), OK);
	snprintf(path, sizeof(path), "%s/serial", t->dir);
	assert_int_equal(file_write(path, SLICE("01\n"), 0600, NULL), OK);
	for (int other = 0; other < 2; other++) {
		char args[300];
		snprintf(args, sizeof(args), "req -x509 -newkey rsa:2048 -nodes -keyout %s.key -out %s.crt -days 30 -subj "
		    "'/CN=Example %s' -config c.cnf -extensions ca", other ? "other" : "ca", other ? "other" : "ca",
		    other ? "Other" : "Root");
		assert_int_equal(openssl_run(t, args), 0);
	}
	assert_int_equal(openssl_run(t, "req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj '/CN=Example TSA' "
	    "-config c.cnf"), 0);
	assert_int_equal(openssl_run(t, "x509 -req -in tsa.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out tsa.crt "
	    "-extfile c.cnf -extensions ext"), 0);
}

static inline void openssl_tsa_remove(struct openssl_tsa *t)
{
	char line[100];
	FILE *p;

	snprintf(line, sizeof(line), "rm -rf %s", t->dir);
	p = popen(line, "r");
	if (p)
		pclose(p);
}

static inline char *openssl_path(const struct openssl_tsa *t, const char *name, char dst[static 120])
{
	snprintf(dst, 120, "%s/%s", t->dir, name);
	return dst;
}

static inline void openssl_put(const struct openssl_tsa *t, const char *name, struct slice bytes)
{
	char path[120];

	assert_int_equal(file_write(openssl_path(t, name, path), bytes, 0600, NULL), OK);
}

static inline void openssl_get(const struct openssl_tsa *t, const char *name, struct buf *out)
{
	char path[120];

	buf_reset(out);
	assert_int_equal(file_read(out, openssl_path(t, name, path), NULL), OK);
}

/* What `openssl ts -reply` says to a question. */
static inline void openssl_answer(const struct openssl_tsa *t, struct slice question, struct buf *out)
{
	openssl_put(t, "q.tsq", question);
	assert_int_equal(openssl_run(t, "ts -reply -queryfile q.tsq -config c.cnf -out a.tsr"), 0);
	openssl_get(t, "a.tsr", out);
}

#endif
