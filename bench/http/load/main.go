// SPDX-License-Identifier: Apache-2.0

// Command load sends one GET over and over on keep-alive connections and prints, as JSON, how many
// were answered and how long it took. With RATE 0 each connection sends as soon as it has its
// answer; else request i is due at i/RATE seconds and its latency counts from then, also when no
// connection was free to send it (no coordinated omission).
//
//	TOKEN=… load HOST:PORT PATH CONNECTIONS SECONDS RATE
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	connectionsMax = 256
	secondsMax     = 60
	requestsMax    = 2_000_000
	answerMax      = 10 * time.Second
)

type plan struct {
	address string
	request []byte
	seconds float64
	rate    float64
	began   time.Time
	next    atomic.Int64
}

// due is when request i is to be sent; false once the run is over.
func (p *plan) due(i int64) (time.Time, bool) {
	now := time.Now()
	at := now
	if p.rate > 0 {
		at = p.began.Add(time.Duration(float64(i) / p.rate * float64(time.Second)))
	}
	return at, i < requestsMax && at.Sub(p.began).Seconds() < p.seconds
}

// drive runs one connection: its requests' latencies, and how late each was sent.
func (p *plan) drive() (latencies, delays []time.Duration, err error) {
	connection, err := net.Dial("tcp", p.address)
	if err != nil {
		return nil, nil, err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 64<<10)
	for {
		at, more := p.due(p.next.Add(1) - 1)
		if !more {
			return latencies, delays, nil
		}
		sleepUntil(at)
		delays = append(delays, time.Since(at))
		connection.SetDeadline(time.Now().Add(answerMax))
		if _, err := connection.Write(p.request); err != nil {
			return nil, nil, err
		}
		if err := readAnswer(reader); err != nil {
			return nil, nil, err
		}
		latencies = append(latencies, time.Since(at))
	}
}

// sleepUntil asks the kernel: Go's own timers are only good to a millisecond.
func sleepUntil(at time.Time) {
	for left := time.Until(at); left > 0; left = time.Until(at) {
		wait := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&wait, nil)
	}
}

func readAnswer(reader *bufio.Reader) error {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q", line)
	}
	length := -1
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("an answer without Content-Length")
	}
	_, err = reader.Discard(length)
	return err
}

func percentile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(int(share*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[at].Microseconds()) / 1000
}

func main() {
	connections, err1 := strconv.Atoi(os.Args[3])
	seconds, err2 := strconv.ParseFloat(os.Args[4], 64)
	rate, err3 := strconv.ParseFloat(os.Args[5], 64)
	if err1 != nil || err2 != nil || err3 != nil || connections < 1 ||
		connections > connectionsMax || seconds > secondsMax || rate < 0 {
		log.Fatal("load HOST:PORT PATH CONNECTIONS SECONDS RATE")
	}
	p := &plan{address: os.Args[1], seconds: seconds, rate: rate, began: time.Now()}
	p.request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
		os.Args[2], p.address, os.Getenv("TOKEN"))
	var all, late []time.Duration
	var mutex sync.Mutex
	var drivers sync.WaitGroup
	for range connections {
		drivers.Go(func() {
			latencies, delays, err := p.drive()
			if err != nil {
				log.Fatal(err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			all, late = append(all, latencies...), append(late, delays...)
		})
	}
	drivers.Wait()
	took := time.Since(p.began).Seconds()
	slices.Sort(all)
	slices.Sort(late)
	json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"requests": float64(len(all)),
		"seconds":  took,
		"p50":      percentile(all, 0.50),
		"p99":      percentile(all, 0.99),
		"late_p99": percentile(late, 0.99),
	})
}
