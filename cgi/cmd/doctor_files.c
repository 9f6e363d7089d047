/* doctor: owners and modes, and room on the disk. */
#include "cmd/doctor_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "conf/secret.h"

#define PATH_MAX_BYTES 4096
#define SECRET_MAX_BYTES 4096
#define FREE_MIN_BYTES (UINT64_C(256) * 1024 * 1024)
#define FSYNC_SLOW_MS 1000
#define MIB (1024.0 * 1024.0)

/* ---- owners and modes */

/* The rule of file_read_secret(): nothing for others, no writing for the group. */
static void secret_mode(struct doctor *d, const char *path, const struct stat *st, const struct stat *data)
{
	bool dir = S_ISDIR(st->st_mode);

	if (st->st_mode & 027) {
		doctor_finding(d, "%s has mode %04o: others can get at the keys", path, st->st_mode & 07777);
		doctor_mend(d, "chmod %s '%s'", dir ? "700" : "600", path);
	} else if ((st->st_mode & 040) && st->st_gid != data->st_gid && st->st_gid != 0) {
		doctor_finding(d, "%s may be read by group %u, which is not that of the data", path, (unsigned)st->st_gid);
		doctor_mend(d, "chmod %s '%s'", dir ? "700" : "600", path);
	} else if (st->st_uid != 0 && st->st_uid != data->st_uid && st->st_uid != geteuid()) {
		doctor_finding(d, "%s belongs to user %u, neither root nor the owner of the data (%u)", path,
		    (unsigned)st->st_uid, (unsigned)data->st_uid);
		doctor_mend(d, "chown %u '%s'", (unsigned)data->st_uid, path);
	}
}

static void keys_folder(struct doctor *d, const struct stat *data)
{
	char path[PATH_MAX_BYTES];
	struct dirent *e;
	struct stat st;
	DIR *dir;

	/* What systemd hands over is its own. */
	if (*d->conf->credentials_dir && strcmp(d->conf->keys, d->conf->credentials_dir) == 0)
		return;
	dir = opendir(d->conf->keys);
	if (!dir || fstat(dirfd(dir), &st) != 0) {
		doctor_finding(d, "%s cannot be opened: %s", d->conf->keys, errno == EACCES ? "permission denied" : "no folder");
		doctor_mend(d, "run doctor as root; if the folder is gone, put back your copy of the keys: without them the data "
		    "cannot be read");
		if (dir)
			closedir(dir);
		return;
	}
	secret_mode(d, d->conf->keys, &st, data);
	while ((e = readdir(dir)) != NULL) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		snprintf(path, sizeof(path), "%s/%s", d->conf->keys, e->d_name);
		secret_mode(d, path, &st, data);
	}
	closedir(dir);
}

static void secret_file(struct doctor *d, const struct conf_site *s, const char *which)
{
	struct errinfo ei = {.code = OK};
	struct buf b;
	enum err e;

	buf_init(&b, SECRET_MAX_BYTES);
	e = conf_secret_read(d->conf, s, which, &b, &ei);
	crypt_wipe(b.data, b.len);
	buf_free(&b);
	if (!e)
		return;
	doctor_finding(d, "site %s: %s", s->id, ei.text);
	doctor_mend(d, e == E_DENIED ? "as the line above says" : "write the secret into that file, one line, mode 0600");
}

static void secrets_of(struct doctor *d, const struct conf_site *s)
{
	char which[128];

	if (*s->mail.mailjet.key_file)
		secret_file(d, s, "mail.mailjet.key_file");
	if (*s->mail.brevo.key_file)
		secret_file(d, s, "mail.brevo.key_file");
	if (*s->mail.smtp.password_file)
		secret_file(d, s, "mail.smtp.password_file");
	for (size_t i = 0; i < s->mail.nhooks; i++) {
		snprintf(which, sizeof(which), "mail.hooks.%s.secret_file", s->mail.hooks[i].id);
		secret_file(d, s, which);
	}
}

/* Data belongs to one user, or to two through the group of a setgid folder; then both write the databases. */
static void data_mode(struct doctor *d, const char *path, const struct stat *st, const struct stat *data)
{
	bool shared = data->st_mode & S_ISGID;

	if (st->st_mode & 007) {
		doctor_finding(d, "%s has mode %04o: every user of this machine can get in", path, st->st_mode & 07777);
		doctor_mend(d, "chmod o= '%s'", path);
	} else if (st->st_uid != data->st_uid && !(shared && st->st_gid == data->st_gid)) {
		doctor_finding(d, "%s belongs to user %u, the data folder to %u: the service cannot write it", path,
		    (unsigned)st->st_uid, (unsigned)data->st_uid);
		doctor_mend(d, "chown -R %u:%u '%s'", (unsigned)data->st_uid, (unsigned)data->st_gid, d->conf->data);
	} else if (shared && strstr(path, ".db") && (st->st_mode & 060) != 060) {
		doctor_finding(d, "%s has mode %04o: its group shares the data but cannot write it", path, st->st_mode & 07777);
		doctor_mend(d, "chmod g+rw '%s'", path);
	}
}

static void data_tree(struct doctor *d, const char *folder, const struct stat *data, int depth)
{
	DIR *dir = opendir(folder);
	char path[PATH_MAX_BYTES];
	struct dirent *e;
	struct stat st;

	if (!dir) {
		doctor_finding(d, "%s cannot be opened", folder);
		doctor_mend(d, "run doctor as root, or as the user of the service");
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path))
			continue;
		if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
			data_mode(d, path, &st, data);
		if (S_ISDIR(st.st_mode) && depth > 0)
			data_tree(d, path, data, depth - 1);
	}
	closedir(dir);
}

void check_modes(struct doctor *d)
{
	struct stat data;

	if (stat(d->conf->data, &data) != 0 || !S_ISDIR(data.st_mode)) {
		doctor_finding(d, "there is no folder %s", d->conf->data);
		doctor_mend(d, "jawort init --yes (and: was a disk mounted there?)");
		return;
	}
	data_mode(d, d->conf->data, &data, &data);
	data_tree(d, d->conf->data, &data, 1);
	keys_folder(d, &data);
	for (size_t i = 0; i < d->conf->nsites; i++)
		if (!d->args->site || strcmp(d->args->site, d->conf->sites[i]->id) == 0)
			secrets_of(d, d->conf->sites[i]);
	if (!doctor_found(d))
		doctor_ok(d, "keys, secrets and data belong to the right users and to nobody else");
}

/* ---- disk */

/* A file of 4 KiB, written, made durable, removed. Milliseconds; -1 with what failed. */
static int64_t write_test(const char *data, const char **what, int *err)
{
	static const char block[4096];
	char path[PATH_MAX_BYTES];
	int64_t from = clock_mono_ms();
	int fd;

	*what = "a file cannot be made";
	snprintf(path, sizeof(path), "%s/.doctor-XXXXXX", data);
	fd = mkostemp(path, O_CLOEXEC);
	*err = errno;
	if (fd < 0)
		return -1;
	unlink(path);
	*what = "a file cannot be written";
	errno = EIO;
	if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fsync(fd) != 0) {
		*err = errno;
		close(fd);
		return -1;
	}
	close(fd);
	return clock_mono_ms() - from;
}

void check_disk(struct doctor *d)
{
	const char *data = d->conf->data, *what;
	struct statvfs v;
	char reason[128];
	uint64_t left;
	int64_t ms;
	int err = 0;

	if (statvfs(data, &v) != 0) {
		doctor_skip(d, "there is no folder %s", data);
		return;
	}
	left = (uint64_t)v.f_bavail * v.f_frsize;
	ms = write_test(data, &what, &err);
	if (ms < 0) {
		doctor_finding(d, "%s: %s (%s); %.0f MiB free", data, what, err_strerror(err, reason, sizeof(reason)), (double)left / MIB);
		doctor_mend(d, "make room (df -h '%s'; df -i '%s'), or see why the disk is read-only (dmesg)", data, data);
	} else if (left < FREE_MIN_BYTES) {
		doctor_finding(d, "%s: only %.0f MiB free of %.0f", data, (double)left / MIB, (double)v.f_blocks * (double)v.f_frsize / MIB);
		doctor_mend(d, "make room, or move `data` to a larger disk. Jawort itself wants less than 1 KiB a sign-up");
	} else if (v.f_files && v.f_favail < 100) {
		doctor_finding(d, "%s: only %lu inodes left", data, (unsigned long)v.f_favail);
		doctor_mend(d, "remove small files on that disk: df -i '%s'", data);
	} else if (ms > FSYNC_SLOW_MS) {
		doctor_finding(d, "%s: a write takes %lld ms until it is durable", data, (long long)ms);
		doctor_mend(d, "see what else writes there (iostat -x 1), or move `data` to a faster disk");
	} else {
		doctor_ok(d, "%.1f GiB free; a write is durable after %lld ms", (double)left / MIB / 1024.0, (long long)ms);
	}
}
