// Command driver-views says how the database drivers of kine read data-source names.
//
// It reads one JSON object a line, {"driver": "mysql" or "pgx", "dsn": "..."}, and answers each with one line: what the
// driver made of it, or the error that it gave. Nothing is connected to. The PG* variables and HOME are cleared first, and
// pgx's defaults are set to fixed names, so that the answers are those of the text alone; certificates in ~/.postgresql
// would still count. Answers and errors hold passwords: the program is for tests.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	// The time zones, so that no machine lacks them.
	_ "time/tzdata"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

type question struct {
	Driver string `json:"driver"`
	DSN    string `json:"dsn"`
}

type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// One of them where OK is true.
	MySQL *mysqlView `json:"mysql,omitempty"`
	Pgx   *pgxView   `json:"pgx,omitempty"`
}

type mysqlView struct {
	User     string            `json:"user"`
	Password string            `json:"password"`
	Net      string            `json:"net"`
	Addr     string            `json:"addr"`
	Database string            `json:"database"`
	Params   map[string]string `json:"params"`
	TLS      mysqlTLS          `json:"tls"`
	// Durations in nanoseconds.
	Timeout              int64           `json:"timeout"`
	ReadTimeout          int64           `json:"readTimeout"`
	WriteTimeout         int64           `json:"writeTimeout"`
	TimeTruncate         int64           `json:"timeTruncate"`
	MaxAllowedPacket     int             `json:"maxAllowedPacket"`
	Charsets             []string        `json:"charsets"`
	Collation            string          `json:"collation"`
	Location             string          `json:"loc"`
	ConnectionAttributes string          `json:"connectionAttributes"`
	Switches             map[string]bool `json:"switches"`
}

type mysqlTLS struct {
	Name       string `json:"name"`
	Enabled    bool   `json:"enabled"`
	SkipVerify bool   `json:"skipVerify"`
	Fallback   bool   `json:"fallback"`
}

type pgxView struct {
	User           string            `json:"user"`
	Password       string            `json:"password"`
	Database       string            `json:"database"`
	RuntimeParams  map[string]string `json:"runtimeParams"`
	ConnectTimeout int64             `json:"connectTimeout"`
	ServiceName    string            `json:"krbsrvname"`
	SPN            string            `json:"krbspn"`
	// Every attempt in order, the first included: a server can have two, with TLS and without.
	Attempts []pgxAttempt `json:"attempts"`
}

type pgxAttempt struct {
	Host string `json:"host"`
	Port uint16 `json:"port"`
	// "none", "unverified", "verify-ca" or "verify-full".
	TLS string `json:"tls"`
}

func main() {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "PG") || name == "HOME" {
			os.Unsetenv(name)
		}
	}
	// In the place of the user of the operating system, of a socket that this machine may have, and of a user's own files.
	os.Setenv("PGUSER", "(default)")
	os.Setenv("PGHOST", "(default)")
	os.Setenv("PGPASSFILE", os.DevNull)
	os.Setenv("PGSERVICEFILE", os.DevNull)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		line, err := json.Marshal(reply(in.Bytes()))
		if err != nil {
			fail(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "driver-views:", err)
	os.Exit(1)
}

func reply(line []byte) (result answer) {
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		fail(err)
	}
	// go-sql-driver panics at a parameter that it has dropped.
	defer func() {
		if caught := recover(); caught != nil {
			result = answer{Error: fmt.Sprint("panic: ", caught)}
		}
	}()
	var err error
	switch asked.Driver {
	case "mysql":
		result.MySQL, err = readMySQL(asked.DSN)
	case "pgx":
		result.Pgx, err = readPgx(asked.DSN)
	default:
		fail(fmt.Errorf("no such driver: %q", asked.Driver))
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	result.OK = true
	return result
}

func readMySQL(dsn string) (*mysqlView, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	// The driver keeps some of what it read in fields that only reflection sees.
	hidden := reflect.ValueOf(config).Elem()
	charsets := []string{}
	for i := range hidden.FieldByName("charsets").Len() {
		charsets = append(charsets, hidden.FieldByName("charsets").Index(i).String())
	}
	view := &mysqlView{
		User:                 config.User,
		Password:             config.Passwd,
		Net:                  config.Net,
		Addr:                 config.Addr,
		Database:             config.DBName,
		Params:               config.Params,
		Timeout:              int64(config.Timeout),
		ReadTimeout:          int64(config.ReadTimeout),
		WriteTimeout:         int64(config.WriteTimeout),
		TimeTruncate:         hidden.FieldByName("timeTruncate").Int(),
		MaxAllowedPacket:     config.MaxAllowedPacket,
		Charsets:             charsets,
		Collation:            config.Collation,
		Location:             config.Loc.String(),
		ConnectionAttributes: config.ConnectionAttributes,
		TLS: mysqlTLS{
			Name:     config.TLSConfig,
			Enabled:  config.TLS != nil,
			Fallback: config.AllowFallbackToPlaintext,
		},
		Switches: map[string]bool{
			"allowAllFiles":           config.AllowAllFiles,
			"allowCleartextPasswords": config.AllowCleartextPasswords,
			"allowNativePasswords":    config.AllowNativePasswords,
			"allowOldPasswords":       config.AllowOldPasswords,
			"checkConnLiveness":       config.CheckConnLiveness,
			"clientFoundRows":         config.ClientFoundRows,
			"columnsWithAlias":        config.ColumnsWithAlias,
			"compress":                hidden.FieldByName("compress").Bool(),
			"interpolateParams":       config.InterpolateParams,
			"multiStatements":         config.MultiStatements,
			"parseTime":               config.ParseTime,
			"rejectReadOnly":          config.RejectReadOnly,
		},
	}
	if config.TLS != nil {
		view.TLS.SkipVerify = config.TLS.InsecureSkipVerify
	}
	return view, nil
}

func readPgx(dsn string) (*pgxView, error) {
	// kine reads the URL itself first, and stops at what pgx passes over in a query (v0.16.4 pkg/drivers/pgsql).
	parsed, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	if _, err := url.ParseQuery(parsed.RawQuery); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	view := &pgxView{
		User:           config.User,
		Password:       config.Password,
		Database:       config.Database,
		RuntimeParams:  config.RuntimeParams,
		ConnectTimeout: int64(config.ConnectTimeout),
		ServiceName:    config.KerberosSrvName,
		SPN:            config.KerberosSpn,
		Attempts:       []pgxAttempt{{config.Host, config.Port, strength(config.TLSConfig)}},
	}
	for _, fallback := range config.Fallbacks {
		attempt := pgxAttempt{fallback.Host, fallback.Port, strength(fallback.TLSConfig)}
		view.Attempts = append(view.Attempts, attempt)
	}
	return view, nil
}

func strength(config *tls.Config) string {
	switch {
	case config == nil:
		return "none"
	case !config.InsecureSkipVerify:
		return "verify-full"
	case config.VerifyPeerCertificate != nil:
		return "verify-ca"
	default:
		return "unverified"
	}
}
