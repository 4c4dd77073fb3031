<?php
// The wiki's settings. Everything that differs from place to place comes from the environment.
if ( !defined( 'MEDIAWIKI' ) ) {
	exit;
}

$wgSitename = 'A wiki';
// The address as the asker wrote it: the published port is not known here. (On the open Internet write the address down.)
$wgServer = getenv( 'WIKI_URL' ) ?: 'http://' . ( $_SERVER['HTTP_HOST'] ?? 'localhost:8080' );
$wgScriptPath = '';
$wgArticlePath = '/wiki/$1';
$wgLanguageCode = 'en';
$wgLocaltimezone = 'UTC';
$wgSecretKey = getenv( 'WIKI_SECRET' ) ?: 'not a secret: the wiki holds nothing but its seeds';

// --- The database. Every page asks it something, cached pages too.
$wgDBtype = 'mysql';
$wgDBserver = getenv( 'WIKI_DB_HOST' ) ?: 'database';
$wgDBname = getenv( 'WIKI_DB_NAME' ) ?: 'wiki';
$wgDBuser = getenv( 'WIKI_DB_USER' ) ?: 'wiki';
$wgDBpassword = getenv( 'WIKI_DB_PASSWORD' ) ?: 'wiki';
$wgDBTableOptions = 'ENGINE=InnoDB, DEFAULT CHARSET=binary';

// --- The cache: parsed pages, messages, everything that MediaWiki would else ask the database or compute again.
$wgMainCacheType = CACHE_MEMCACHED;
$wgParserCacheType = CACHE_MEMCACHED;
$wgMessageCacheType = CACHE_MEMCACHED;
$wgMemCachedServers = [ getenv( 'WIKI_CACHE' ) ?: 'cache:11211' ];
$wgMemCachedTimeout = 250000; // microseconds, to connect and for each answer
// Sessions live in the database, so that nobody is logged out when the cache is emptied or gone.
$wgSessionCacheType = CACHE_DB;

$wgCacheDirectory = '/var/cache/wiki';
$wgLocalisationCacheConf['store'] = 'array';
$wgLocalisationCacheConf['manualRecache'] = true;

// --- Jobs are never done by a reader's request; this wiki has no job runner, and needs none for its seeds.
$wgJobRunRate = 0;
$wgEnableUploads = false;
$wgPingback = false;
$wgEnableEmail = false;

// --- Everybody may edit, as fast as they like.
$wgGroupPermissions['*']['edit'] = true;
$wgRateLimits = [];
$wgPasswordAttemptThrottle = [];
$wgUseRCPatrol = false;

wfLoadSkin( 'Vector' );
$wgDefaultSkin = 'vector';

// --- What goes wrong, one line each, on stderr: exceptions, fatals and everything the database client complains of.
$wgShowExceptionDetails = false;
$wgLogExceptionBacktrace = false;
// Not its warnings about the cache: those are about its own programs ('fetched 2 times'), not about ours.
$wgDebugLogGroups['memcached'] = [ 'destination' => 'php://stderr', 'level' => 'error' ];
foreach ( [ 'exception', 'error', 'fatal', 'DBConnection', 'DBQuery' ] as $channel ) {
	$wgDebugLogGroups[$channel] = [ 'destination' => 'php://stderr', 'level' => 'warning' ];
}
