#!/usr/bin/perl
# Scores mails with SpamAssassin: rules of this machine only, no network, nothing learned, one process for all.
# RCVD_ILLEGAL_IP is off: the tests' way of a mail has an address of the ranges kept for documentation.
# One line per file: score, tab, rules with their scores, tab, name.
use strict;
use warnings;
use Mail::SpamAssassin;

my $sa = Mail::SpamAssassin->new({
	local_tests_only => 1,
	dont_copy_prefs => 1,
	userprefs_filename => '/dev/null',
	post_config_text => "use_bayes 0\nuse_auto_welcomelist 0\nscore RCVD_ILLEGAL_IP 0\n",
});
$sa->compile_now(0);
for my $path (@ARGV) {
	open my $f, '<:raw', $path or die "$path: $!\n";
	my $mail = $sa->parse(do { local $/; <$f> });
	my $status = $sa->check($mail);
	my @rules = map { sprintf '%s=%s', $_, $status->{conf}{scores}{$_} // '?' } split /,/, $status->get_names_of_tests_hit;
	printf "%s\t%s\t%s\n", $status->get_score, join(' ', @rules), $path;
	$status->finish;
	$mail->finish;
}
