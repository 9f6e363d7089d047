#!/usr/bin/perl
# Reads mails with MIME::Parser and Mail::Address and says what it found, as JSON on one line per file.
use strict;
use warnings;
use Encode qw(decode FB_CROAK);
use JSON::PP;
use MIME::Parser;
use Mail::Address;
use Date::Parse qw(str2time);

my $json = JSON::PP->new->ascii->canonical;

sub words { my $s = shift; return defined $s ? decode('MIME-Header', $s) : undef }

sub raw {
	my ($head, $name) = @_;
	return undef unless $head->count($name);
	my $s = $head->get($name, 0);
	$s =~ s/\r?\n(?=[ \t])//g;
	$s =~ s/\s+\z//;
	return $s;
}

sub mailboxes {
	my $s = shift;
	return [] unless defined $s;
	return [map {
		my $p = $_->phrase;
		if ($p =~ /\A"(.*)"\z/s) { $p = $1; $p =~ s/\\(.)/$1/gs; }
		[words($p), $_->address]
	} Mail::Address->parse($s)];
}

sub structure {
	my $e = shift;
	return [$e->effective_type, [map { structure($_) } $e->parts]] if $e->is_multipart;
	return [$e->effective_type, lc($e->head->mime_attr('content-type.charset') // ''), lc $e->head->mime_encoding];
}

sub body {
	my ($e, $kind) = @_;
	my @found = grep { $_->effective_type eq $kind } $e->is_multipart ? $e->parts : $e;
	return undef unless @found == 1;
	return decode('UTF-8', $found[0]->bodyhandle->as_string, FB_CROAK);
}

sub look {
	my $path = shift;
	my $parser = MIME::Parser->new;
	$parser->output_to_core(1);
	$parser->tmp_to_core(1);
	$parser->extract_nested_messages(0);
	$parser->extract_uuencode(0);
	my $e = $parser->parse_open($path);
	my $h = $e->head;
	my @defects = map { "$_" } grep { /^(error|warning)/i } $parser->results->msgs;
	push @defects, 'ambiguous content' if $parser->can('ambiguous_content') && $parser->ambiguous_content;
	return {
		names => [map { /^([^:\s]+):/ ? $1 : () } split /\n/, $h->original_text // $h->as_string],
		from => mailboxes(raw($h, 'From')),
		to => mailboxes(raw($h, 'To')),
		reply_to => mailboxes(raw($h, 'Reply-To')),
		subject => words(raw($h, 'Subject')),
		date_s => str2time(raw($h, 'Date') // '') + 0,
		message_id => raw($h, 'Message-ID'),
		list_id => raw($h, 'List-Id'),
		list_unsubscribe => raw($h, 'List-Unsubscribe'),
		list_unsubscribe_post => raw($h, 'List-Unsubscribe-Post'),
		auto_submitted => raw($h, 'Auto-Submitted'),
		lang => raw($h, 'Content-Language'),
		structure => structure($e),
		text => body($e, 'text/plain'),
		html => body($e, 'text/html'),
		defects => \@defects,
	};
}

# A mail that cannot be read is a finding, and the others are read all the same.
for my $path (@ARGV) {
	print $json->encode(eval { look($path) } // { defects => ["gave up: $@"] }), "\n";
}
