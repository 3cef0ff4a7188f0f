"""The page in a real Chromium, on 5,000 nodes and 2,000 workloads."""

import re
import time
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import expect

from chippool.core.capacity import Purpose
from chippool.core.ids import PoolName
from tests.state.build import PROJECT
from tools.board.scene import CHIPS, POOLS, Size, a_workload
from tools.board.served import large, painted, started

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = Size(now=float(int(time.time())))
PATIENCE_MS = 20_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served():
    async with large(SIZE) as served:
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    async with started() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, served):
    """The page, painted; whatever it says on its console is a failure, and so is asking anybody else."""
    context = await browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    page, said, asked = await context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await painted(page, served.address)
    await page.locator("#row-0").wait_for()
    yield page
    await context.close()
    assert said == []
    assert all(url.startswith(served.address) for url in asked)


def tell(served, raw):
    served.mirror.apply(raw["kind"], raw["metadata"]["uid"], PROJECT[raw["kind"]](raw))


def waiting(name, replicas=40):
    return a_workload(
        name, namespace="lab", queue="serving", class_name="revenue", pool="nvidia-h800", replicas=replicas,
        created=SIZE.now,
    )  # fmt: skip


async def focused(page):
    return await page.evaluate("document.activeElement.id")


async def test_all_pools_are_there_as_bars_with_words_for_those_who_do_not_see_them(page, served):
    bars = page.locator("#bars .bar")
    assert await page.locator("#bars h3").all_inner_texts() == sorted(POOLS)
    for at, line in enumerate(served.look.picture.pools):
        label = await bars.nth(at).get_attribute("aria-label")
        assert label.startswith(f"Pool {line.name}, {line.chips.installed:,} chips on {line.nodes:,} nodes: revenue ")
        widths = await bars.nth(at).locator("span").evaluate_all("all => all.map(one => +one.style.flexGrow)")
        assert sum(widths) == line.chips.installed


async def test_only_the_lines_in_view_are_drawn_and_scrolling_brings_the_others(page):
    rows, total = page.locator("#rows"), int(await page.get_attribute("#grid", "aria-rowcount"))
    assert total > 800
    assert await page.locator("#rows [role=row]").count() < 80
    assert (await page.locator("#row-0").inner_text()).startswith("1\n")
    await rows.evaluate("rows => { rows.scrollTop = rows.scrollHeight }")
    await page.locator(f"#row-{total - 2}").wait_for()
    assert await page.locator("#rows [role=row]").count() < 80


async def test_a_click_shows_the_explanation_and_escape_closes_it(page):
    await page.click("#row-2")
    name = await page.locator("#row-2 [role=gridcell]").nth(1).inner_text()
    explanation = page.locator("#explanation")
    await expect(explanation.locator(".sentences p").first).to_have_text(re.compile(f"^{re.escape(name)} waits: "))
    await expect(explanation).to_contain_text("in the order of what waits")
    assert await focused(page) == "explanation-heading"
    await page.keyboard.press("Escape")
    await expect(explanation).to_be_hidden()
    assert await focused(page) == "grid"


async def test_the_queue_is_walked_and_explained_by_keys_alone(page):
    await page.focus("#grid")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "PageDown", "Home", "ArrowDown"):
        await page.keyboard.press(key)
    assert await page.get_attribute("#grid", "aria-activedescendant") == "row-1"
    await expect(page.locator("#row-1")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(page.locator("#explanation .sentences")).to_contain_text("It is number 2 of")
    await page.keyboard.press("Escape")
    await page.keyboard.press("End")
    last = int(await page.get_attribute("#grid", "aria-rowcount")) - 2
    await expect(page.locator(f"#row-{last}")).to_have_attribute("aria-selected", "true")


async def test_the_tab_key_reaches_everything_in_the_order_it_is_read(page):
    reached, name = [], "one => one.getAttribute('aria-label') || one.id || one.value || one.textContent"
    for _ in range(16):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate(f"({name})(document.activeElement)"))
    racks = [f"Racks of pool {name}" for name in sorted(POOLS)]
    assert reached[:7] == ["Skip to the queue", *racks, "waiting", "find"]
    assert {"another", "within", "ask"} <= set(reached)


async def test_what_changes_in_the_cluster_arrives_by_itself(page, served):
    before = await page.locator("#counts").inner_text()
    tell(served, waiting("arrives-now"))
    await expect(page.locator("#counts")).not_to_have_text(before)
    await page.fill("#find", "arrives-now")
    await expect(page.locator("#total")).to_have_text("1 workload")
    await expect(page.locator("#row-0")).to_contain_text("lab/arrives-now")
    served.mirror.remove("ChipWorkload", "ChipWorkload-lab-arrives-now")
    await expect(page.locator("#total")).to_have_text("None.")


async def test_names_that_are_markup_are_shown_as_they_are(page, served):
    evil = waiting("evil")
    evil["spec"]["variants"][0]["name"] = "<img src=x onerror=alert(1)>"
    evil["spec"]["queueName"] = "<b>bold</b>"
    tell(served, evil)
    await page.fill("#find", "<b>bold")
    await expect(page.locator("#row-0")).to_contain_text("<b>bold</b>")
    await page.click("#row-0")
    await expect(page.locator("#explanation .sentences")).to_contain_text("<b>bold</b>")
    assert await page.locator("main img:not(#charts img), main b").count() == 0
    served.mirror.remove("ChipWorkload", evil["metadata"]["uid"])


async def test_what_if_says_who_is_concerned_and_what_is_wrong_with_a_change(page):
    await page.fill("#changes input", "nvidia-h80=10%")
    await page.keyboard.press("Enter")
    await expect(page.locator("#mistake")).to_have_text(
        "--lose: there is no ChipPool nvidia-h80; did you mean nvidia-h800?"
    )
    await page.fill("#changes input", "nvidia-h800=10%")
    await page.click("#ask")
    await expect(page.locator("#answer table").first).to_contain_text("loses its chips")
    await expect(page.locator("#answer")).to_contain_text("Without 200 nodes")
    assert await page.locator("#answer .pairs .bar").count() == 2 * len(POOLS)
    lasting = await page.locator("#answer .pairs .stock").all_inner_texts()
    assert [said.startswith("With it: demand grows") for said in lasting] == [
        name == "nvidia-h800" for name in sorted(POOLS)
    ]
    assert all("stock lasts until" in said for said in lasting)
    assert await focused(page) == "answer"
    await expect(page.locator("#mistake")).to_be_empty()


async def test_a_rack_map_has_every_node_and_a_table_for_each_rack(page, served):
    await page.click("[aria-label='Racks of pool nvidia-a800']")
    domains = page.locator("#pool-nvidia-a800-racks .domains > li")
    await domains.first.wait_for()
    line = next(line for line in served.look.picture.pools if line.name == "nvidia-a800")
    assert await page.locator("#pool-nvidia-a800-racks .nodes span").count() == line.nodes
    first = domains.first.locator("button")
    assert re.match(r"hall-1 / nvidia-a800-rack-001\n?16 nodes, chips: \d+ used", await first.inner_text())
    await first.press("Enter")
    assert await first.get_attribute("aria-expanded") == "true"
    assert await domains.first.locator("tbody tr").count() == 16
    cells = await domains.first.locator("tbody td").all_inner_texts()
    assert sum(int(cell) for cell in cells if cell.isdigit()) == 16 * CHIPS
    await page.click("[aria-label='Racks of pool nvidia-a800']")
    await expect(domains.first).to_be_hidden()


async def test_each_pool_has_a_chart_of_its_outlook_with_the_reason_in_words(page):
    charts = page.locator("#charts figure")
    await expect(charts).to_have_count(len(POOLS), timeout=PATIENCE_MS)
    for at, name in enumerate(sorted(POOLS)):
        said = await charts.nth(at).locator("figcaption").inner_text()
        assert re.fullmatch(rf"{name}: demand grows .+ chips lost a year: stock lasts until 20\d\d-.+\.", said)
        picture = charts.nth(at).locator("img")
        assert said.partition(": ")[2] in await picture.get_attribute("alt")
        await picture.scroll_into_view_if_needed()
        assert await picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 900


async def test_a_pool_says_what_its_chips_are_worth_and_doubles_that_with_their_efficiency(page, served):
    at = sorted(POOLS).index("nvidia-h800")
    stock, name = page.locator("#bars .stock").nth(at), PoolName("nvidia-h800")

    def worth():
        return f"{served.look.picture.pools[at].effective_chips['Training'] * gain:,.0f}"

    def with_efficiency(factor):
        record = served.mirror.pool_records[name]
        yields = replace(record.yields, efficiency={Purpose.TRAINING: factor})
        served.mirror.apply("ChipPool", record.uid, replace(record, yields=yields))

    gain = 1
    await expect(stock).to_contain_text(f"training {worth()}", timeout=PATIENCE_MS)
    gain = 2
    with_efficiency(2.0)
    await expect(stock).to_contain_text(f"training {worth()}", timeout=PATIENCE_MS)
    with_efficiency(1.0)


async def test_whoever_wants_no_motion_and_a_dark_page_gets_them(browser, served):
    context = await browser.new_context(color_scheme="dark", reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(served.address)
    await page.locator("#bars .bar span").first.wait_for()
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert await page.evaluate(style.format("#bars .bar span", "transitionDuration")) == "0s"
    assert await page.evaluate(style.format("body", "backgroundColor")) == "rgb(21, 23, 26)"
    await context.close()


async def test_every_field_button_and_picture_has_a_name(page):
    nameless = """() => [...document.querySelectorAll('button, input, select, [role=img], [role=grid], [role=region]')]
        .filter(one => !one.hidden && !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length))
        .map(one => one.outerHTML)"""
    assert await page.evaluate(nameless) == []
