#ifndef JAWORT_CORE_VERSION_H
#define JAWORT_CORE_VERSION_H
/* version: of this program, after semantic versioning. */
#define JAWORT_VERSION "0.1.0"
#endif
